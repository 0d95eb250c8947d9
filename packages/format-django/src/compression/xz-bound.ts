import { ByteReader } from './byte-reader.ts'

const LZMA2 = 0x21
/** Bytes of the check after each block, by its number in the stream's flags. */
const CHECKS: Record<number, number> = { 0: 0, 1: 4, 4: 8, 10: 32 }

/**
 * What an xz stream decompresses to, told by the headers of its LZMA2 chunks. Throws for anything but one whole stream of
 * plain LZMA2. https://tukaani.org/xz/xz-file-format.txt
 */
export function xzBound(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes)
  reader.skip(7)
  const check = CHECKS[reader.u8()]
  if (check === undefined) throw new Error('The xz stream has a check of no known kind.')
  reader.skip(4)

  let bound = 0
  let blocks = 0
  for (let size = reader.u8(); size !== 0; size = reader.u8()) {
    readBlockHeader(reader, size * 4 + 4)
    const start = reader.at
    bound += readChunks(reader)
    reader.skip(padding(reader.at - start) + check)
    blocks++
  }
  readIndex(reader, blocks)
  reader.skip(12)
  if (!reader.isAtEnd) throw new Error('Something follows the xz stream.')
  return bound
}

function readBlockHeader(reader: ByteReader, size: number): void {
  const end = reader.at - 1 + size
  const flags = reader.u8()
  if (flags & 0x40) readNumber(reader)
  if (flags & 0x80) readNumber(reader)
  if ((flags & 0x3f) !== 0 || readNumber(reader) !== LZMA2)
    throw new Error('The xz stream is not plain LZMA2.')
  reader.skip(end - reader.at)
}

function readChunks(reader: ByteReader): number {
  let bound = 0
  for (let control = reader.u8(); control !== 0; control = reader.u8()) {
    const size = reader.u16be() + 1
    if (control < 0x80) {
      if (control > 2) throw new Error('The xz stream has a chunk of no known kind.')
      bound += size
      reader.skip(size)
    } else {
      bound += ((control & 0x1f) << 16) + size
      const compressed = reader.u16be() + 1
      reader.skip(compressed + (control >= 0xc0 ? 1 : 0))
    }
  }
  return bound
}

function readIndex(reader: ByteReader, blocks: number): void {
  const start = reader.at - 1
  if (readNumber(reader) !== blocks) throw new Error('The index of the xz stream is wrong.')
  for (let n = 0; n < 2 * blocks; n++) readNumber(reader)
  reader.skip(padding(reader.at - start) + 4)
}

function readNumber(reader: ByteReader): number {
  let value = 0
  for (let shift = 0; shift < 63; shift += 7) {
    const byte = reader.u8()
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw new Error('The xz stream has a number that is too long.')
}

const padding = (length: number) => (4 - (length % 4)) % 4
