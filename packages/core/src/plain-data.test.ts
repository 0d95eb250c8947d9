import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyOfPlain, isPlainData } from './plain-data.ts'

const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false })

/** Every object and array in a value. */
function* partsOf(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const inner of Object.values(value)) yield* partsOf(inner)
}

describe('plain data', () => {
  test('are equal to their copy, and share no part with it', () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(isPlainData(value))
        const copy = copyOfPlain(value)
        expect(copy).toStrictEqual(value)
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
        const originals = new Set(partsOf(value))
        for (const part of partsOf(copy)) expect(originals.has(part)).toBe(false)
      }),
    )
  })

  test.each([
    ['a date', new Date(0)],
    ['binary data', new Uint8Array(1)],
    ['a map', new Map()],
    ['an object of a class', new (class Own {})()],
    ['an object without a prototype', Object.create(null)],
    ['a function', () => {}],
    ['a key named __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ])('are not %s, however deep', (_, value) => {
    expect(isPlainData(value)).toBe(false)
    expect(isPlainData({ a: [{ b: value }] })).toBe(false)
  })
})
