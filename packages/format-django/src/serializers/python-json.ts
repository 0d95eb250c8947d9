import { PyFloat } from '../pickle.ts'
import { entriesOf, objectOf } from './dicts.ts'
import { assertDepth, Unstorable } from './unstorable.ts'

/** What Python's `int()` reads by default. */
const MAX_DIGITS = 4300

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const SPACE = /[ \t\n\r]*/y
const WORDS: Record<string, unknown> = {
  null: null,
  true: true,
  false: false,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
const WORD = /null|true|false|NaN|-?Infinity/y

/**
 * JSON as Python's `json` reads it: an int beyond 2⁵³ becomes a bigint, a float such as `1.0` a `PyFloat`, and bare `NaN` and
 * `Infinity` are numbers. Throws for anything else that is no JSON.
 */
export function readPythonJson(text: string): unknown {
  let at = 0
  const value = readValue(0)
  match(SPACE)
  if (at < text.length) throw new SyntaxError('Something follows the JSON value.')
  return value

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at += found[0].length
    return found
  }

  function readValue(depth: number): unknown {
    assertDepth(depth)
    match(SPACE)
    const first = text[at]
    if (first === '"') return readString()
    if (first === '{') return readObject(depth)
    if (first === '[') return readArray(depth)
    const word = match(WORD)
    if (word) return WORDS[word[0]]
    const number = match(NUMBER)
    if (number) return numberOf(number)
    throw new SyntaxError('A JSON value is missing.')
  }

  function readString(): string {
    const found = match(STRING)
    if (!found) throw new SyntaxError('A JSON string does not end.')
    return JSON.parse(found[0])
  }

  function readObject(depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = []
    readItems('}', () => {
      const key = readString()
      match(SPACE)
      expect(':')
      entries.push([key, readValue(depth + 1)])
    })
    return objectOf(entries)
  }

  function readArray(depth: number): unknown[] {
    const items: unknown[] = []
    readItems(']', () => items.push(readValue(depth + 1)))
    return items
  }

  function readItems(end: string, readItem: () => void): void {
    at++
    match(SPACE)
    if (text[at] === end) {
      at++
      return
    }
    for (;;) {
      match(SPACE)
      readItem()
      match(SPACE)
      if (text[at] === end) break
      expect(',')
    }
    at++
  }

  function expect(character: string): void {
    if (text[at] !== character) throw new SyntaxError(`JSON lacks a ${character}.`)
    at++
  }
}

function numberOf([text, fraction, exponent]: RegExpExecArray): unknown {
  const value = Number(text)
  if (fraction !== undefined || exponent !== undefined) {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value
  }
  if (text.length > MAX_DIGITS) throw new RangeError('An int has too many digits.')
  // `-0` is an int, and an int has no sign then.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(text)
}

/**
 * Writes what django-redis' JSONSerializer would: ASCII, `", "` and `": "`, what has a `toJSON` by that. Throws an `Unstorable`
 * for what JSON cannot hold.
 */
export function writePythonJson(value: unknown): string {
  return write(value, 0).replaceAll(/[^\0-\x7f]/g, escaped)
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

function write(value: unknown, depth: number): string {
  assertDepth(depth)
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return numberText(value)
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return writeObject(value, depth)
    default:
      throw new Unstorable(`It is a ${typeof value}, which JSON has not.`)
  }
}

function writeObject(value: object, depth: number): string {
  if (value instanceof PyFloat) return floatText(value.value)
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(', ')}]`
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON(), depth + 1)
  const entries = entriesOf(value)
  if (!entries) throw new Unstorable(`It is a ${value.constructor.name}, which JSON has not.`)
  const members = entries.map(([key, member]) => {
    if (typeof key !== 'string') throw new Unstorable('It has a key that is no string, which JSON has not.')
    return `${JSON.stringify(key)}: ${write(member, depth + 1)}`
  })
  return `{${members.join(', ')}}`
}

const numberText = (value: number) =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value)

/** A text that Python reads as a float. */
function floatText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
