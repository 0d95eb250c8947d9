import { nodeBuiltin } from '../node-builtin.ts'
import { optionalPackage } from '../optional-package.ts'
import type { DjangoCompressor } from '../settings.ts'
import { lz4Bound } from './lz4-bound.ts'
import { xzBound } from './xz-bound.ts'
import { zstdBound } from './zstd-bound.ts'

/** Bytes that a value may take when decompressed: as much as `loads` reads. */
export const MAX_DECOMPRESSED = 16_777_216

/** What zlib has in Node 22.15 and newer, 23.8 and newer. */
interface ZlibWithZstd {
  zstdCompressSync?(bytes: Uint8Array): Uint8Array
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array
}

/** The package declares no types for this entry. */
interface Xz {
  decompressSync(bytes: Uint8Array): Uint8Array
}

interface Compression {
  /** The first bytes of what it makes. */
  magic: readonly number[]
  /** django-redis leaves values of this length and below as they are. */
  minLength: number
  decompress(bytes: Uint8Array): Uint8Array
  /** Absent where there is nothing that compresses. */
  compress?(bytes: Uint8Array): Uint8Array | undefined
}

const zlib = () => nodeBuiltin('node:zlib')
const zstd = () => zlib() as ZlibWithZstd
const limit = { maxOutputLength: MAX_DECOMPRESSED }

const compressions: Record<DjangoCompressor, Compression> = {
  zlib: {
    magic: [0x78],
    minLength: 15,
    decompress: (bytes) => zlib().inflateSync(bytes, limit),
    compress: (bytes) => zlib().deflateSync(bytes),
  },
  gzip: {
    magic: [0x1f, 0x8b, 0x08],
    minLength: 15,
    decompress: (bytes) => zlib().gunzipSync(bytes, limit),
    compress: (bytes) => zlib().gzipSync(bytes, { level: 9 }),
  },
  zstd: {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    minLength: 15,
    decompress(bytes) {
      assertBounded(zstdBound(bytes))
      return zstd().zstdDecompressSync?.(bytes, limit) ?? fzstd().decompress(bytes)
    },
    compress: (bytes) => zstd().zstdCompressSync?.(bytes),
  },
  lz4: {
    magic: [0x04, 0x22, 0x4d, 0x18],
    minLength: 15,
    decompress(bytes) {
      assertBounded(lz4Bound(bytes))
      return lz4().decompressFrameSync(asBuffer(bytes))
    },
    compress: (bytes) => lz4().compressFrameSync(asBuffer(bytes)),
  },
  lzma: {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    minLength: 100,
    decompress(bytes) {
      assertBounded(xzBound(bytes))
      return lzma().decompressSync(bytes)
    },
  },
}

/**
 * Whatever compressor made it, known by its first bytes, as none of the serializers' values of a session begins so. Linear
 * in what comes out, which is bounded. Throws for what is damaged, too large, or needs a package that is not installed.
 */
export function decompress(bytes: Uint8Array): Uint8Array {
  const found = Object.values(compressions).find(({ magic }) => magic.every((byte, at) => bytes[at] === byte))
  return found ? inOwnMemory(found.decompress(bytes)) : bytes
}

/** zlib answers a part of 16 KB, which would live for as long as a session of a few hundred bytes is remembered. */
const inOwnMemory = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer.byteLength > 2 * bytes.length ? new Uint8Array(bytes) : bytes

/** Where nothing compresses so, the bytes as they are: django-redis takes for uncompressed what it cannot decompress. */
export function compress(bytes: Uint8Array, compressor: DjangoCompressor | undefined): Uint8Array {
  if (!compressor || bytes.length <= compressions[compressor].minLength) return bytes
  return compressions[compressor].compress?.(bytes) ?? bytes
}

function assertBounded(bound: number): void {
  if (bound > MAX_DECOMPRESSED)
    throw new RangeError(`The value decompresses to more than ${MAX_DECOMPRESSED} bytes.`)
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const fzstd = () => optionalPackage('fzstd') as typeof import('fzstd')
const lz4 = () => optionalPackage('lz4-napi') as typeof import('lz4-napi')
const lzma = () => optionalPackage('@napi-rs/lzma/xz') as Xz
