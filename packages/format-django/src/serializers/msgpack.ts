import { fromUtf8, utf8 } from '@tegata/core'
import { ByteReader } from '../compression/byte-reader.ts'
import { PyFloat } from '../pickle.ts'
import { entriesOf, objectOf } from './dicts.ts'
import { assertDepth, Unstorable } from './unstorable.ts'

/**
 * MessagePack as django-redis reads it. An int beyond 2⁵³ becomes a bigint, a float such as `1.0` a `PyFloat`, so that Python gets
 * its own types back. Throws for what Python's msgpack refuses too: keys that are neither str nor bytes, more than one value.
 */
export function readMsgpack(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes)
  const value = readValue(reader, 0)
  if (!reader.isAtEnd) throw new Error('Something follows the value.')
  return value
}

function readValue(reader: ByteReader, depth: number): unknown {
  assertDepth(depth)
  const type = reader.u8()
  if (type < 0x80) return type
  if (type < 0x90) return readMap(reader, type & 0x0f, depth)
  if (type < 0xa0) return readArray(reader, type & 0x0f, depth)
  if (type < 0xc0) return fromUtf8(reader.take(type & 0x1f))
  if (type >= 0xe0) return type - 0x100
  switch (type) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return reader.take(readLength(reader, type - 0xc4))
    case 0xca:
      return floatOf(reader.view(4).getFloat32(0))
    case 0xcb:
      return floatOf(reader.view(8).getFloat64(0))
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readLength(reader, type - 0xcc)
    case 0xcf:
      return integerOf(reader.view(8).getBigUint64(0))
    case 0xd0:
      return reader.view(1).getInt8(0)
    case 0xd1:
      return reader.view(2).getInt16(0)
    case 0xd2:
      return reader.view(4).getInt32(0)
    case 0xd3:
      return integerOf(reader.view(8).getBigInt64(0))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return fromUtf8(reader.take(readLength(reader, type - 0xd9)))
    case 0xdc:
    case 0xdd:
      return readArray(reader, readLength(reader, type - 0xdb), depth)
    case 0xde:
    case 0xdf:
      return readMap(reader, readLength(reader, type - 0xdd), depth)
    default:
      throw new Error(`MessagePack has a value of type ${type}, which no session holds.`)
  }
}

/** An unsigned number of 2 to the power of `size` bytes. */
const readLength = (reader: ByteReader, size: number) =>
  size === 0 ? reader.u8() : size === 1 ? reader.u16be() : reader.u32be()

function readArray(reader: ByteReader, length: number, depth: number): unknown[] {
  const items: unknown[] = []
  for (let i = 0; i < length; i++) items.push(readValue(reader, depth + 1))
  return items
}

/** An object, or a Map where a key is bytes. */
function readMap(reader: ByteReader, length: number, depth: number): unknown {
  const entries: [unknown, unknown][] = []
  for (let i = 0; i < length; i++) {
    const key = readValue(reader, depth + 1)
    if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
      throw new Error('MessagePack has a key that is neither str nor bytes.')
    }
    entries.push([key, readValue(reader, depth + 1)])
  }
  const hasBytes = entries.some(([key]) => typeof key !== 'string')
  return hasBytes ? new Map(entries) : objectOf(entries as [string, unknown][])
}

const floatOf = (value: number) =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value

const integerOf = (value: bigint) => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Writes what Python's `msgpack.packb` would. Throws an `Unstorable` for what it would refuse. */
export function writeMsgpack(value: unknown): Uint8Array {
  const parts: Uint8Array[] = []
  write(parts, value, 0)
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function write(parts: Uint8Array[], value: unknown, depth: number): void {
  assertDepth(depth)
  if (value === null || value === undefined) parts.push(Uint8Array.of(0xc0))
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xc3 : 0xc2))
  else if (typeof value === 'string') writeText(parts, value)
  else if (typeof value === 'bigint') writeInteger(parts, value)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInteger(parts, BigInt(value))
    else writeFloat(parts, value)
  } else if (value instanceof PyFloat) writeFloat(parts, value.value)
  else if (value instanceof Uint8Array) {
    parts.push(head(value.length, [], [0xc4, 0xc5, 0xc6]), value)
  } else if (Array.isArray(value)) {
    parts.push(head(value.length, [0x90, 16], [undefined, 0xdc, 0xdd]))
    for (const item of value) write(parts, item, depth + 1)
  } else if (typeof value === 'object') writeMap(parts, value, depth)
  else throw new Unstorable(`It is a ${typeof value}, which MessagePack has not.`)
}

function writeMap(parts: Uint8Array[], value: object, depth: number): void {
  const entries = entriesOf(value)
  if (!entries) throw new Unstorable(`It is a ${value.constructor.name}, which MessagePack has not.`)
  parts.push(head(entries.length, [0x80, 16], [undefined, 0xde, 0xdf]))
  for (const [key, member] of entries) {
    if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
      throw new Unstorable('It has a key that is neither text nor bytes, which Django could not read.')
    }
    write(parts, key, depth + 1)
    write(parts, member, depth + 1)
  }
}

function writeText(parts: Uint8Array[], text: string): void {
  if (/\p{Surrogate}/u.test(text))
    throw new Unstorable('It is a text with half a character, which has no UTF-8.')
  const bytes = utf8(text)
  parts.push(head(bytes.length, [0xa0, 32], [0xd9, 0xda, 0xdb]), bytes)
}

function writeFloat(parts: Uint8Array[], value: number): void {
  const bytes = new Uint8Array(9)
  bytes[0] = 0xcb
  new DataView(bytes.buffer).setFloat64(1, value)
  parts.push(bytes)
}

/** In as few bytes as it takes. */
function writeInteger(parts: Uint8Array[], value: bigint): void {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new Unstorable('It is an integer of more than 64 bits, which MessagePack has not.')
  }
  if (value >= -32n && value < 128n) {
    parts.push(Uint8Array.of(Number(value) & 0xff))
    return
  }
  const isNegative = value < 0n
  const magnitude = isNegative ? -value - 1n : value
  const size = [8n, 16n, 32n, 64n].findIndex((bits) => magnitude < 2n ** (isNegative ? bits - 1n : bits))
  const bytes = new Uint8Array(1 + 2 ** size)
  bytes[0] = (isNegative ? 0xd0 : 0xcc) + size
  for (let at = bytes.length - 1, rest = BigInt.asUintN(64, value); at > 0; at--, rest >>= 8n) {
    bytes[at] = Number(rest & 0xffn)
  }
  parts.push(bytes)
}

/** The first bytes of what has a length: in one byte with its type, or after it in 1, 2 or 4. */
function head(
  length: number,
  [fixed = 0, below = 0]: readonly number[],
  [one, two, four]: readonly (number | undefined)[],
): Uint8Array {
  if (length < below) return Uint8Array.of(fixed | length)
  if (one !== undefined && length < 0x100) return Uint8Array.of(one, length)
  if (length < 0x10000) return Uint8Array.of(two as number, length >> 8, length & 0xff)
  return Uint8Array.of(
    four as number,
    length >>> 24,
    (length >> 16) & 0xff,
    (length >> 8) & 0xff,
    length & 0xff,
  )
}
