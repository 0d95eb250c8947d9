/**
 * What some runtimes have beyond web standards, and do several times as fast: Node, Bun and Deno hash synchronously in native code,
 * which no web standard does. Looked up while running, so that nothing is imported that other runtimes lack.
 */
interface NodeCrypto {
  hash?(algorithm: 'sha256', text: string, encoding: 'base64url'): string
  createHmac(
    algorithm: 'sha256',
    key: string,
  ): { update(text: string): { digest(encoding: 'base64url'): string } }
}

interface NodeBuffer {
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64url'): string }
}

interface Runtime {
  process?: { getBuiltinModule?(name: 'crypto'): NodeCrypto | undefined }
  Buffer?: NodeBuffer
}

const runtime = globalThis as Runtime

export const nodeCrypto: NodeCrypto | undefined = runtime.process?.getBuiltinModule?.('crypto')
export const nodeBuffer: NodeBuffer | undefined = runtime.Buffer
