import { ByteReader } from './byte-reader.ts'

const MAX_BLOCK = 128 * 1024

/**
 * What a Zstandard frame decompresses to at most, its window included, told by its headers alone. Throws for anything but
 * one whole frame. RFC 8878 §3.1.1.
 */
export function zstdBound(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes)
  reader.skip(4)
  const flags = reader.u8()
  const isSingleSegment = (flags & 0x20) !== 0
  const window = isSingleSegment ? 0 : windowOf(reader.u8())
  if (flags & 0x03) throw new Error('The Zstandard frame needs a dictionary.')
  const declared = sizeOf(reader, flags >> 6, isSingleSegment)

  let bound = 0
  for (let isLast = false; !isLast; ) {
    const header = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16)
    const size = header >> 3
    const type = (header >> 1) & 3
    isLast = (header & 1) === 1
    if (type === 3) throw new Error('The Zstandard frame has a block of no known type.')
    bound += type === 2 ? MAX_BLOCK : size
    reader.skip(type === 1 ? 1 : size)
  }
  reader.skip(flags & 0x04 ? 4 : 0)
  if (!reader.isAtEnd) throw new Error('Something follows the Zstandard frame.')
  return Math.max(bound, declared, window)
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function sizeOf(reader: ByteReader, flag: number, isSingleSegment: boolean): number {
  if (flag === 3) return reader.u64le()
  if (flag === 2) return reader.u32le()
  if (flag === 1) return reader.u8() + reader.u8() * 256 + 256
  return isSingleSegment ? reader.u8() : 0
}
