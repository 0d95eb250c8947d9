import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { same, sameBytes } from './same.ts'

const value = fc.anything({
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: false,
  maxDepth: 4,
})

describe('two values', () => {
  test('are the same when one is a copy of the other', () => {
    fc.assert(fc.property(fc.clone(value, 2), ([a, b]) => same(a, b)))
  })

  test('are the same whatever the order of keys', () => {
    expect(same({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true)
    const entries = [
      [1, 2],
      [3, 4],
    ] as const
    expect(same(new Map(entries), new Map(entries.toReversed()))).toBe(true)
    expect(same(new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1]))).toBe(true)
  })

  test('of JSON are the same exactly when Node finds them deeply equal', () => {
    const json = fc.jsonValue({ maxDepth: 2 }).map((data) => JSON.parse(JSON.stringify(data)))
    fc.assert(
      fc.property(json, json, (a, b) => same(a, b) === isDeepStrictEqual(a, b)),
      { numRuns: 2000 },
    )
  })

  test.each<[string, unknown, unknown]>([
    ['0 and -0', 0, -0],
    ['null and undefined', null, undefined],
    ['1 and "1"', 1, '1'],
    ['an array and an object with its indices', [1], { 0: 1 }],
    ['an array and its beginning', [1, 2], [1]],
    ['a key that is undefined and one that is missing', { a: undefined }, { b: 1 }],
    ['a key that is undefined and none', { a: undefined }, {}],
    ['a key and another one', { a: 1 }, { b: 1 }],
    ['a key of a name that has a meaning', JSON.parse('{"__proto__":{}}'), {}],
    ['a key and one that every object inherits', { toString: 1 }, {}],
    ['two dates', new Date(0), new Date(1)],
    ['two maps', new Map([[1, 2]]), new Map([[1, 3]])],
    ['two sets', new Set([1]), new Set([2])],
    ['a set and its beginning', new Set([1, 2]), new Set([1])],
    ['bytes', Uint8Array.of(1), Uint8Array.of(2)],
    ['an instance and a plain object', Object.create({}), {}],
  ])('differ: %s', (_, a, b) => {
    expect(same(a, b)).toBe(false)
    expect(same(b, a)).toBe(false)
  })

  test('that are not numbers are the same', () => {
    expect(same({ n: Number.NaN }, { n: Number.NaN })).toBe(true)
    expect(same(new Date(Number.NaN), new Date(Number.NaN))).toBe(true)
  })
})

test('bytes are the same when length and contents are', () => {
  const bytes = fc.uint8Array({ max: 1, maxLength: 4 })
  fc.assert(fc.property(bytes, bytes, (a, b) => sameBytes(a, b) === (Buffer.compare(a, b) === 0)))
})
