import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertStorable, MAX_DEPTH, parseData, stringifyData } from './json.ts'

const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`

describe('stored text', () => {
  test('is read back as it was written', () => {
    const data = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue({ noUnicodeString: false } as never),
    )
    fc.assert(
      fc.property(data, (given) => {
        const text = stringifyData(given)
        fc.pre(!text.includes('"__proto__":'))
        expect(stringifyData(parseData(text))).toBe(text)
      }),
    )
  })

  test.each(['', 'nonsense', '{"a":1', '42', 'null', '[]', '"text"', 'true'])(
    'is refused when it is %j',
    (text) => {
      expect(() => parseData(text)).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    },
  )

  test.each([
    '{"__proto__":{"admin":true}}',
    '{"a":[{"__proto__":1}]}',
    '{"\\u005f_proto__":{"admin":true}}',
    '{"a":{"_\\u005Fproto__":1}}',
  ])('is refused when it reaches for a prototype: %s', (text) => {
    expect(() => parseData(text)).toThrow('has a key named __proto__')
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  test('may speak of __proto__ in a value, and have a key named constructor', () => {
    expect(parseData('{"a":"__proto__","constructor":1}')).toEqual({ a: '__proto__', constructor: 1 })
  })

  test.each([MAX_DEPTH + 1, 10_000, 100_000])('is refused at a depth of %i', (depth) => {
    expect(() => parseData(nested(depth))).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    expect(() => parseData(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toThrow(
      expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }),
    )
  })

  test('is read at the greatest depth allowed, and with any number of brackets side by side', () => {
    expect(parseData(nested(MAX_DEPTH))).toHaveProperty('a.a.a')
    expect(parseData(`{"a":[${Array(5000).fill('{}')}]}`).a).toHaveLength(5000)
  })

  test('is never quoted in the error', () => {
    expect(() => parseData('{"password":"hunter2"')).toThrow(/^(?!.*hunter2)/)
  })
})

describe('data', () => {
  test.each<[string, unknown, string]>([
    ['a BigInt', 1n, '"bad" cannot be stored as JSON'],
    ['a circle', circle(), '"bad" cannot be stored as JSON'],
    ['a function', () => 1, '"bad" is a function, which JSON drops'],
    ['a symbol', Symbol('x'), '"bad" is a symbol, which JSON drops'],
  ])('is refused with the name of the key that holds %s', (_, bad, message) => {
    expect(() => stringifyData({ good: 1, bad })).toThrow(
      expect.objectContaining({ code: 'SESSION_DATA_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test.each<[string, unknown, string]>([
    ['a Map', new Map(), 'is a Map, which JSON empties'],
    ['a Set', [new Set()], 'is a Set, which JSON empties'],
    ['an error', new TypeError('oops'), 'is an Error, which JSON empties'],
    ['a regular expression', /./, 'is a RegExp, which JSON empties'],
    ['a promise', Promise.resolve(1), 'is a Promise, which JSON empties'],
    ['bytes', { inside: Uint8Array.of(1) }, 'is binary'],
    ['a buffer', new ArrayBuffer(1), 'is binary'],
    ['a function inside', { inside: () => 1 }, 'is a function, which JSON drops'],
    ['a key __proto__', JSON.parse('{"__proto__":1}'), 'has a key named __proto__'],
    ['a great depth', JSON.parse(nested(MAX_DEPTH + 1)), 'is nested deeper than 500 levels'],
    ['what makes itself a Map', { toJSON: () => new Map() }, 'is a Map, which JSON empties'],
    ['what makes itself a function', { toJSON: () => () => 1 }, 'is a function, which JSON drops'],
    ['what makes itself a key __proto__', { toJSON: () => JSON.parse('{"__proto__":1}') }, 'has a key named'],
    ['what makes itself deep', { toJSON: () => JSON.parse(nested(MAX_DEPTH + 1)) }, 'is nested deeper than'],
  ])('that JSON would change without a word is refused by its key: %s', (_, bad, message) => {
    expect(() => assertStorable({ good: 1, bad })).toThrow(`Session data at "bad" ${message}`)
  })

  test('may hold what says itself how it becomes JSON', () => {
    const told = Object.assign(new Error('oops'), { toJSON: () => 'oops' })
    expect(() => assertStorable({ at: new Date(0), url: new URL('http://localhost'), told })).not.toThrow()
  })
})

function circle() {
  const data: Record<string, unknown> = {}
  data.self = data
  return data
}
