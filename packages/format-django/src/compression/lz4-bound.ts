import { ByteReader } from './byte-reader.ts'

/** No sequence of LZ4 makes more of one byte. */
const GROWTH = 255

/**
 * What an LZ4 frame decompresses to at most, told by its headers alone. Throws for anything but one whole frame.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function lz4Bound(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes)
  reader.skip(4)
  const flags = reader.u8()
  const blockMax = 2 ** (2 * ((reader.u8() >> 4) & 7) + 8)
  if (flags >> 6 !== 1 || blockMax < 65_536) throw new Error('No LZ4 frame of version 1.')
  const declared = flags & 0x08 ? reader.u64le() : 0
  if (flags & 0x01) throw new Error('The LZ4 frame needs a dictionary.')
  reader.skip(1)

  let bound = 0
  for (let size = reader.u32le(); size !== 0; size = reader.u32le()) {
    const isStored = size >= 0x80000000
    const length = isStored ? size - 0x80000000 : size
    bound += isStored ? length : Math.min(blockMax, length * GROWTH)
    reader.skip(length + (flags & 0x10 ? 4 : 0))
  }
  reader.skip(flags & 0x04 ? 4 : 0)
  if (!reader.isAtEnd) throw new Error('Something follows the LZ4 frame.')
  return Math.max(bound, declared)
}
