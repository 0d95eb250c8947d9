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
  const bytes = bytesOf(text)
  // Where every character is one byte, a part of the text needs no copy.
  const isAscii = bytes.length === text.length
  if (!isAscii && LONE_SURROGATE.test(text)) return undefined
  const part = (from: number, to: number) =>
    isAscii ? text.slice(from, to) : decoder.decode(bytes.subarray(from, to))

  const members: DataMember[] = []
  const keys = new Set<string>()
  for (let at = 1; at < bytes.length; ) {
    const endOfKey = endOfString(bytes, at)
    const start = endOfKey + 1
    const end = bytes[endOfKey] === COLON ? endOfValue(bytes, start) : -1
    const next = bytes[end]
    if (end <= start || (next !== COMMA && next !== CLOSE_OBJECT)) return undefined
    const member = memberOf(part(at, endOfKey), part(start, end))
    if (!member || keys.has(member.key) || members.length === MOST_MEMBERS) return undefined
    keys.add(member.key)
    members.push(member)
    if (next === CLOSE_OBJECT) return end === bytes.length - 1 ? members : undefined
    at = end + 1
  }
  return undefined
}

/** Which UTF-8 cannot hold. */
const LONE_SURROGATE = /\p{Surrogate}/u

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Text of up to so many characters is looked through in one place, again and again. */
const MOST_SCRATCH = 0x10000
let scratch = new Uint8Array(0)

/** Looking through bytes takes half as long as through characters. Good until the next call. */
function bytesOf(text: string): Uint8Array {
  if (text.length > MOST_SCRATCH) return encoder.encode(text)
  if (scratch.length === 0) scratch = new Uint8Array(3 * MOST_SCRATCH)
  const { written } = encoder.encodeInto(text, scratch)
  return scratch.subarray(0, written)
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
function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start]
  if (first === QUOTE) return endOfString(bytes, start)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfContainer(bytes, start)
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === COMMA || bytes[at] === CLOSE_OBJECT) return at
  }
  return -1
}

function endOfContainer(bytes: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++depth > MOST_DEPTH) return -1
    } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return at + 1
  }
  return -1
}

/** Behind the closing quote of the string that begins at `start`; -1 for what is none. */
function endOfString(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) return -1
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at + 1
    if (bytes[at] === BACKSLASH) at++
  }
  return -1
}
