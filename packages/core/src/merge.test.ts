import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changedKeys, type KeyConflict, mergeData, replaceContents } from './merge.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'constructor')
const data = fc.dictionary(key, fc.oneof(fc.integer({ max: 3 }), fc.constant({ deep: [1] })), {
  noNullPrototype: true,
})
const mine = ({ mine: value }: KeyConflict) => value

describe('a three-way merge', () => {
  test('is theirs where I changed nothing, and mine where they changed nothing', () => {
    fc.assert(
      fc.property(data, data, (loaded, other) => {
        expect(mergeData(loaded, { ...loaded }, other, mine).data).toEqual(other)
        expect(mergeData(loaded, other, { ...loaded }, mine).data).toEqual(other)
      }),
    )
  })

  test('takes each key from who changed it, and asks only where both did, to different values', () => {
    fc.assert(
      fc.property(data, data, data, (loaded, my, their) => {
        const asked: string[] = []
        const merged = mergeData(loaded, my, their, (conflict) => {
          asked.push(conflict.key)
          return 'asked'
        })
        for (const name of ['a', 'b', 'c', 'd', 'constructor']) {
          const [l, m, t, got] = [loaded, my, their, merged.data].map((from) =>
            JSON.stringify(Object.hasOwn(from, name) ? from[name] : undefined),
          )
          const expected = m === l ? t : t === l || t === m ? m : '"asked"'
          expect(got, name).toBe(expected)
          expect(asked.includes(name), name).toBe(expected === '"asked"')
        }
        expect(merged.conflicts).toEqual(asked)
      }),
    )
  })

  test('tells who decides what each side had and has', () => {
    const conflicts: KeyConflict[] = []
    mergeData({ n: 1, gone: 1 }, { n: 2 }, { n: 3, gone: 2 }, (conflict) => conflicts.push(conflict))
    expect(conflicts).toEqual([
      { key: 'n', loaded: 1, mine: 2, theirs: 3 },
      { key: 'gone', loaded: 1, mine: undefined, theirs: 2 },
    ])
  })

  test('removes a key that is decided to be undefined', () => {
    expect(mergeData({}, { n: 1 }, { n: 2 }, () => undefined)).toEqual({ data: {}, conflicts: ['n'] })
  })

  test('leaves its three inputs as they were', () => {
    const inputs = [{ a: 1 }, { a: 2 }, { a: 3 }] as const
    mergeData(...inputs, mine)
    expect(inputs).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
  })
})

test('changed keys are those that differ, appeared or went', () => {
  expect(changedKeys({ same: [1], other: 1, went: 1 }, { same: [1], other: 2, came: 1 })).toEqual([
    'other',
    'went',
    'came',
  ])
})

test('replaced contents leave the object that handlers hold', () => {
  const held: Record<string, unknown> = { a: 1, b: 1 }
  replaceContents(held, { b: 2, c: 3 })
  expect(held).toEqual({ b: 2, c: 3 })
})
