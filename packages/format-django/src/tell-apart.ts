import { ByteReader } from './compression/byte-reader.ts'
import type { DjangoSerializer } from './settings.ts'

/** Bits enough that no two writes of one session meet. */
const RANDOM_BYTES = 6
const PROTO = 0x80
const LONG1 = 0x8a
const POP = 0x30
/** JSON's own white space, two bits each. */
const SPACES = ' \t\n\r'

/**
 * The same value in bytes unlike those of any other write, which Python reads as if nothing was there. Where two requests make the
 * same of the same session, the store would take the second one's bytes for its own, come back after a lost reply: of
 * two counts, one would be lost.
 */
export function tellApart(
  serializer: DjangoSerializer,
  bytes: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  return tellers[serializer](bytes, random(RANDOM_BYTES))
}

type Teller = (bytes: Uint8Array, noise: Uint8Array) => Uint8Array

const tellers: Record<DjangoSerializer, Teller> = {
  /** An int that is put on the stack of the unpickler and taken off again. */
  pickle(bytes, noise) {
    const at = bytes[0] === PROTO ? 2 : 0
    const length = noise.length + 3
    const isThere = bytes[at] === LONG1 && bytes[at + 1] === noise.length && bytes[at + length - 1] === POP
    const rest = bytes.subarray(isThere ? at + length : at)
    return join(bytes.subarray(0, at), Uint8Array.of(LONG1, noise.length, ...noise, POP), rest)
  },

  /** White space at the end. */
  json(bytes, noise) {
    let end = bytes.length
    while (end > 0 && SPACES.includes(String.fromCharCode(bytes[end - 1] as number))) end--
    const spaces = Array.from(noise).flatMap((byte) =>
      [0, 2, 4, 6].map((shift) => SPACES.charCodeAt((byte >> shift) & 3)),
    )
    return join(bytes.subarray(0, end), Uint8Array.from(spaces))
  },

  /** The first key twice: with a number, and then with its value, which is the one that counts. */
  msgpack(bytes, noise) {
    const map = firstKeyOf(bytes)
    if (!map) return bytes
    const { key, start, isTwice } = map
    const count = isTwice ? map.count : map.count + 1
    const head = new Uint8Array(5)
    new DataView(head.buffer).setUint32(1, count)
    head[0] = 0xdf
    const rest = bytes.subarray(isTwice ? start + key.length + UINT64 : start)
    return join(head, key, Uint8Array.of(0xcf, 0, 0, ...noise), rest)
  },
}

/** Bytes of an unsigned number of 64 bits. */
const UINT64 = 9

function firstKeyOf(bytes: Uint8Array) {
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  const count = type === 0xdf ? reader.u32be() : type === 0xde ? reader.u16be() : type & 0x0f
  if (count === 0) return undefined
  const start = reader.at
  const keyType = reader.u8()
  const isText = (keyType & 0xe0) === 0xa0 || (keyType >= 0xd9 && keyType <= 0xdb)
  if (!isText) return undefined
  reader.skip(
    keyType === 0xdb
      ? reader.u32be()
      : keyType === 0xda
        ? reader.u16be()
        : keyType === 0xd9
          ? reader.u8()
          : keyType & 0x1f,
  )
  const key = bytes.subarray(start, reader.at)
  const again = bytes.subarray(reader.at + UINT64, reader.at + UINT64 + key.length)
  const isTwice =
    bytes[reader.at] === 0xcf && again.length === key.length && again.every((byte, i) => byte === key[i])
  return { count, start, key, isTwice }
}

function join(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
