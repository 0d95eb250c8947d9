import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'

interface NodeHash {
  update(bytes: Uint8Array): NodeHash
  digest(encoding: 'hex'): string
}

interface Runtime {
  process?: { getBuiltinModule?(name: 'crypto'): { createHash(algorithm: 'sha1'): NodeHash } | undefined }
}

/** Node, Bun and Deno hash in native code, at once; looked up while running, so that nothing is imported that other runtimes lack. */
const createHash = (globalThis as Runtime).process?.getBuiltinModule?.('crypto')?.createHash

/** Whether hashing a value costs less than sending it. */
export const isNative = createHash !== undefined

/** SHA-1 (FIPS 180-4) of some bytes, one after another, in hex: what `redis.sha1hex` makes of them in Redis. */
export const sha1Hex: (...parts: readonly Uint8Array[]) => string = createHash
  ? (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest('hex')
  : pureSha1Hex

/** On any runtime. */
export function pureSha1Hex(...parts: readonly Uint8Array[]): string {
  return bytesToHex(sha1(concatBytes(...parts)))
}
