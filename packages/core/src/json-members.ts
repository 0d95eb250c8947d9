import { LONE_SURROGATE } from './bytes.ts'
import { SessionValueError } from './errors.ts'

/** One member of an object that is JSON text. */
export interface DataMember {
  key: string
  /** Of the value. */
  text: string
  /** `undefined` for objects and arrays, which are parsed when they are asked for. */
  value: unknown
  isObject: boolean
}

/** More members than that are read all at once. */
const MOST_MEMBERS = 100
/** Deeper text is left to who refuses it. */
const MOST_DEPTH = 400

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * The members of an object in JSON text, as `JSON.stringify` writes it, without parsing what lies inside of them: most requests ask
 * for one or two. `undefined` for any text that has to be read as a whole: one that may name `__proto__`, names a key twice,
 * has many members, spaces, or is not what it should be.
 */
export function membersOf(text: string): readonly DataMember[] | undefined {
  if (text[0] !== '{' || text.includes('__proto__') || text.includes('\\u00')) return undefined
  const { bytes, length } = bytesOf(text)
  // Where every character is one byte, a part of the text needs no copy.
  const isAscii = length === text.length
  if (!isAscii && LONE_SURROGATE.test(text)) return undefined
  const part = (from: number, to: number) =>
    isAscii ? text.slice(from, to) : decoder.decode(bytes.subarray(from, to))

  const members: DataMember[] = []
  const keys = new Set<string>()
  for (let at = 1; at < length; ) {
    const endOfKey = endOfString(bytes, length, at)
    const start = endOfKey + 1
    const end = bytes[endOfKey] === COLON ? endOfValue(bytes, length, start) : -1
    const next = end < length ? bytes[end] : undefined
    if (end <= start || (next !== COMMA && next !== CLOSE_OBJECT)) return undefined
    const member = memberOf(part(at, endOfKey), part(start, end))
    if (!member || keys.has(member.key) || members.length === MOST_MEMBERS) return undefined
    keys.add(member.key)
    members.push(member)
    if (next === CLOSE_OBJECT) return end === length - 1 ? members : undefined
    at = end + 1
  }
  return undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Text of up to so many characters is looked through in one place, again and again. */
const MOST_SCRATCH = 0x10000
let scratch = new Uint8Array(0)

interface Bytes {
  /** What lies behind `length` is of other texts. */
  bytes: Uint8Array
  length: number
}

/** Looking through bytes takes half as long as through characters, unless through a part of an array. Good until the next call. */
function bytesOf(text: string): Bytes {
  if (text.length > MOST_SCRATCH) {
    const bytes = encoder.encode(text)
    return { bytes, length: bytes.length }
  }
  if (scratch.length === 0) scratch = new Uint8Array(3 * MOST_SCRATCH)
  return { bytes: scratch, length: encoder.encodeInto(text, scratch).written }
}

/** A member's value, a fresh copy at each call. Throws a `SessionValueError`. */
export function readMember(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SessionValueError('The stored session is not valid JSON.', { cause })
  }
}

function memberOf(name: string, text: string): DataMember | undefined {
  const first = text.charCodeAt(0)
  // Behind a space an object would look like none.
  if (first <= SPACE) return undefined
  const isObject = first === OPEN_OBJECT || first === OPEN_ARRAY
  try {
    return { key: JSON.parse(name), text, value: isObject ? undefined : JSON.parse(text), isObject }
  } catch {
    return undefined
  }
}

/** Behind the value that begins at `start`; -1 where it does not end. */
function endOfValue(bytes: Uint8Array, length: number, start: number): number {
  const first = start < length ? bytes[start] : undefined
  if (first === QUOTE) return endOfString(bytes, length, start)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfContainer(bytes, length, start)
  for (let at = start; at < length; at++) {
    if (bytes[at] === COMMA || bytes[at] === CLOSE_OBJECT) return at
  }
  return -1
}

/** Most of a large session's time is spent here: strings are looked through in place, and of other characters few are large. */
function endOfContainer(bytes: Uint8Array, length: number, start: number): number {
  let depth = 0
  for (let at = start; at < length; at++) {
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      for (at++; at < length; at++) {
        const inside = bytes[at]
        if (inside === QUOTE) break
        if (inside === BACKSLASH) at++
      }
    } else if (byte >= OPEN_ARRAY) {
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (++depth > MOST_DEPTH) return -1
      } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return at + 1
    }
  }
  return -1
}

/** Behind the closing quote of the string that begins at `start`; -1 for what is none. */
function endOfString(bytes: Uint8Array, length: number, start: number): number {
  if (start >= length || bytes[start] !== QUOTE) return -1
  for (let at = start + 1; at < length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at++
  }
  return -1
}
