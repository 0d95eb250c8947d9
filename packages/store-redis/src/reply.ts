const decoder = new TextDecoder()

/** Clients answer with subclasses of their own; callers get what the contract says. The bytes are not copied. */
export function bytes(reply: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = reply as Uint8Array
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Some replies of the newer protocol are texts for every client. */
export const text = (reply: unknown): string =>
  typeof reply === 'string' ? reply : decoder.decode(reply as Uint8Array)
