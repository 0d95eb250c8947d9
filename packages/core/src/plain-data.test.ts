import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyOfPlain, isCopyOf, isPlainData } from './plain-data.ts'

const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false })

/** Every object and array in a value. */
function* partsOf(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const inner of Object.values(value)) yield* partsOf(inner)
}

class Own {
  toJSON() {
    return 0
  }
}

/** As JSON, whatever the order of keys. */
const sorted = (root: unknown) =>
  JSON.stringify(root, (_, value) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value
  })

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

  test('are told from a copy that JSON tells from them, and from no other', () => {
    fc.assert(
      fc.property(json, json, fc.nat(), (value, other, at) => {
        fc.pre(isPlainData(value) && isPlainData(other))
        const copy = copyOfPlain(value)
        expect(isCopyOf(value, copy)).toBe(true)
        const parts = [...partsOf(copy)]
        const part = parts[at % parts.length] as Record<string, unknown> | undefined
        fc.pre(part !== undefined)
        const keys = Object.keys(part as object)
        const key = keys[at % keys.length] ?? (Array.isArray(part) ? '0' : 'new')
        Object.assign(part as object, { [key]: other })
        expect(isCopyOf(value, copy)).toBe(sorted(value) === sorted(copy))
      }),
    )
  })

  test.each<[string, (copy: { [key: string]: unknown; in: { a?: number }; list: unknown[] }) => unknown]>([
    ['a member more', (copy) => Object.assign(copy.in, { b: 1 })],
    ['a member less', (copy) => delete copy.in.a],
    ['one member for another', (copy) => delete copy.in.a && Object.assign(copy.in, { b: 1 })],
    ['a member without a value', (copy) => Object.assign(copy.in, { b: undefined })],
    ['no value for a member', (copy) => Object.assign(copy.in, { a: undefined })],
    ['a method of its own to be stored by', (copy) => Object.setPrototypeOf(copy.in, Own.prototype)],
    ['a negative zero', (copy) => Object.assign(copy, { zero: -0 })],
    ['a member instead of an inherited one', (copy) => Reflect.deleteProperty(copy, 'toString')],
    ['an item less', (copy) => copy.list.pop()],
    ['an item more', (copy) => copy.list.push(1)],
    ['a hole', (copy) => delete copy.list[0]],
    ['an object for a list', (copy) => Object.assign(copy, { list: { 0: null, length: 1 } })],
    ['nothing for an object', (copy) => Object.assign(copy, { in: null })],
  ])('are told from a copy that was given %s', (_, change) => {
    const value = { in: { a: 1 }, list: [null], zero: 0, toString: 'text' }
    const copy = copyOfPlain(value) as unknown as Parameters<typeof change>[0]
    expect(isCopyOf(value, copy)).toBe(true)
    change(copy)
    expect(isCopyOf(value, copy)).toBe(false)
  })

  test('are told from a copy with another member, where neither has a value', () => {
    expect(isCopyOf({ a: undefined }, { b: undefined })).toBe(false)
  })

  test.each([
    ['a date', new Date(0)],
    ['binary data', new Uint8Array(1)],
    ['a map', new Map()],
    ['an object of a class', new Own()],
    ['an object without a prototype', Object.create(null)],
    ['a function', () => {}],
    ['a key named __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ])('are not %s, however deep', (_, value) => {
    expect(isPlainData(value)).toBe(false)
    expect(isPlainData({ a: [{ b: value }] })).toBe(false)
  })
})
