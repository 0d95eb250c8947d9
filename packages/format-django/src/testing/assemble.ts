/** Pieces of a pickle put together: texts as their Latin-1 bytes, numbers as one byte each. */
export function assemble(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number'
        ? [part]
        : [...(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)],
    ),
  )
}

/** `SHORT_BINUNICODE`. */
export const str = (text: string) => assemble(0x8c, text.length, text)

/** `STACK_GLOBAL` of a module and a name. */
export const global = (module: string, name: string) => assemble(str(module), str(name), 0x93)

/** Little-endian. */
export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
