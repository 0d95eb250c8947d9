import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from './bytes.ts'
import { slideOf } from './slide.ts'

const NEVER = Number.POSITIVE_INFINITY

describe('slideOf()', () => {
  test('reads fields in base 36 where they are said to stand, and nothing else', () => {
    const fields = { until: [1, 9], idle: [12, 4] } as const
    expect(slideOf(utf8('.0zzzzzzzz..001oxyz'), fields)).toEqual({
      idle: 60_000,
      until: Number.parseInt('zzzzzzzz', 36),
    })
    for (const text of ['', '.0zzzzzzzz..001', '.0zzzzzzzz..0-1o', '.0zzzz.zzz..001o', '.0zzzzzzzz.. 1o '])
      expect(slideOf(utf8(text), fields)).toBeUndefined()
  })

  test('reads the idle time that JSON begins with, as JSON.parse() does, or leaves it', () => {
    const leading = { lead: '{"a":', otherwise: 5 }
    const numbers = fc.oneof(fc.integer(), fc.maxSafeNat(), fc.double(), fc.constant(null), fc.string())
    const anything = fc.record({ a: numbers }, { noNullPrototype: true })
    fc.assert(
      fc.property(anything, fc.dictionary(fc.string(), fc.jsonValue()), (first, rest) => {
        const slide = slideOf(utf8(JSON.stringify({ ...first, ...rest, a: first.a })), leading)
        const { a } = JSON.parse(JSON.stringify(first))
        const isReadable = a === null || (Number.isInteger(a) && a > 0 && a < 1e15)
        // Names that are whole numbers come first in JSON.
        const isFirst = JSON.stringify({ ...first, ...rest }).startsWith('{"a":')
        expect(slide).toEqual(isReadable && isFirst ? { idle: a ?? 5, until: NEVER } : undefined)
      }),
    )
  })
})
