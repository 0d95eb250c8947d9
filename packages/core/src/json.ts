import { SessionDataError, SessionValueError } from './errors.ts'
import type { SessionData } from './format.ts'

/** Deeper data is refused, both ways: comparing and copying it would overflow the stack. */
export const MAX_DEPTH = 500

/** Reads an object from JSON that anyone may have written. Throws a `SessionValueError`. */
export function parseData(text: string): SessionData {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    throw new SessionValueError('The stored session is not valid JSON.', { cause })
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new SessionValueError('The stored session is not a JSON object.')
  }
  // The walk is skipped where the text alone shows that there is nothing to find.
  if (nestsTooDeep(text) || maySpellProto(text)) {
    const problem = findProblem(data, readProblem)
    if (problem) throw new SessionValueError(`The stored session ${problem.text}.`)
  }
  return data as SessionData
}

/** Throws a `SessionDataError` naming the top-level key that JSON cannot hold. */
export function stringifyData(data: SessionData): string {
  for (const key in data) {
    // JSON drops these without a word, and then a request that set nothing else would look unchanged.
    const type = typeof data[key]
    if (type === 'function' || type === 'symbol') {
      throw new SessionDataError(`Session data at ${JSON.stringify(key)} is a ${type}, which JSON drops.`)
    }
  }
  try {
    return JSON.stringify(data)
  } catch (cause) {
    throw new SessionDataError(`${culprit(data)} cannot be stored as JSON.`, { cause })
  }
}

/** Throws for what JSON would drop or empty without a word: a Map, an Error, binary data, a function; and for hostile shapes. */
export function assertStorable(data: SessionData): void {
  const problem = findProblem(data, writeProblem)
  if (problem) throw new SessionDataError(`Session data at ${JSON.stringify(problem.path)} ${problem.text}.`)
}

function culprit(data: SessionData): string {
  const key = Object.keys(data).find((candidate) => {
    try {
      JSON.stringify(data[candidate])
      return false
    } catch {
      return true
    }
  })
  return key === undefined ? 'The session' : `Session data at ${JSON.stringify(key)}`
}

/** The name `__proto__`, as it is or with an escaped letter. */
const maySpellProto = (text: string) =>
  text.includes('__proto__') || (text.includes('\\u00') && ESCAPED_LETTER_OF_PROTO.test(text))

const ESCAPED_LETTER_OF_PROTO = /\\u00(?:5f|7[024]|6f)/i

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Of valid JSON. Most texts have fewer brackets than would be needed. */
function nestsTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return false
  if (occurrences(text, '{') + occurrences(text, '[') <= MAX_DEPTH) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > MAX_DEPTH) return true
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
    }
  }
  return false
}

/** Counts no further than matters. */
function occurrences(text: string, character: string): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0 && count <= MAX_DEPTH; at = text.indexOf(character, at + 1))
    count++
  return count
}

/** The closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    if (code === BACKSLASH) at++
  }
}

interface Problem {
  path: string
  text: string
}

/** Walks without recursion, so that no depth can hurt it. */
function findProblem(
  root: object,
  problemOf: (value: unknown, made: unknown) => string | undefined,
): Problem | undefined {
  const pending: { value: object; path: string; depth: number }[] = [{ value: root, path: '', depth: 1 }]
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    if (entry.depth > MAX_DEPTH)
      return { path: entry.path, text: `is nested deeper than ${MAX_DEPTH} levels` }
    if (Object.hasOwn(entry.value, '__proto__'))
      return { path: entry.path, text: 'has a key named __proto__' }
    for (const [key, value] of Object.entries(entry.value)) {
      const path = entry.depth === 1 ? key : entry.path
      const made = hasToJSON(value) ? value.toJSON(key) : value
      const text = problemOf(value, made)
      if (text) return { path, text }
      if (typeof made === 'object' && made !== null) {
        pending.push({ value: made, path, depth: entry.depth + 1 })
      }
    }
  }
  return undefined
}

const hasToJSON = (value: unknown): value is { toJSON(key: string): unknown } =>
  typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'

const readProblem = () => undefined

/** What keeps to itself all that there is to store. */
const EMPTIED = [Map, Set, WeakMap, WeakSet, RegExp, Error, Promise]

const article = (name: string) => (/^[AEIOU]/.test(name) ? 'an' : 'a')

function writeProblem(value: unknown, made: unknown): string | undefined {
  if (typeof made === 'function' || typeof made === 'symbol') return `is a ${typeof made}, which JSON drops`
  const emptied = EMPTIED.find((type) => made instanceof type)?.name
  if (emptied) return `is ${article(emptied)} ${emptied}, which JSON empties`
  // A Buffer would become a list of numbers.
  return isBinary(value) || isBinary(made) ? 'is binary; store it as base64 text' : undefined
}

const isBinary = (value: unknown) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer
