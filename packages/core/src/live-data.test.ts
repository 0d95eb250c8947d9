import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { parseData } from './json.ts'
import { LiveData } from './live-data.ts'
import { changedKeys } from './merge.ts'
import { nativeFormat } from './native-format.ts'

const FILLING = 'x'.repeat(2000)

type Data = Record<string, unknown>

/** Large data, as loaded. */
function loaded(data: Data) {
  const format = nativeFormat()
  const serialize = vi.spyOn(format, 'serialize')
  const origin = { serialized: JSON.stringify({ ...data, filling: FILLING }) }
  return { live: new LiveData(format, origin), serialize, origin }
}

/** What a handler may do to its data; `held` is an object that it got from there earlier. */
type Step = (data: Data, held: Data | undefined) => Data | undefined

const KEYS = ['a', 'b', 'c', '1']
const key = fc.constantFrom(...KEYS)
const leaf = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom(null, 'text', true))
const value = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 2 }),
  fc.dictionary(key, leaf, { maxKeys: 2, noNullPrototype: true }),
)
const isData = (given: unknown): given is Data => typeof given === 'object' && given !== null

const step: fc.Arbitrary<Step> = fc.oneof(
  key.map(
    (k): Step =>
      (data) =>
        isData(data[k]) ? data[k] : undefined,
  ),
  fc.tuple(key, value).map(
    ([k, v]): Step =>
      (data) => {
        data[k] = structuredClone(v)
        return undefined
      },
  ),
  key.map(
    (k): Step =>
      (data) => {
        delete data[k]
        return undefined
      },
  ),
  fc.tuple(key, leaf).map(
    ([k, v]): Step =>
      (_, held) => {
        if (held && !Array.isArray(held)) held[k] = v
        return held
      },
  ),
  fc.tuple(key, key).map(
    ([from, to]): Step =>
      (data) => {
        data[to] = data[from]
        return undefined
      },
  ),
)

function perform(steps: readonly Step[], data: Data): void {
  let held: Data | undefined
  for (const one of steps) held = one(data, held) ?? held
}

describe('large data', () => {
  test.each([Object.freeze, Object.seal, Object.preventExtensions])(
    'can be read, and changed inside, after %o',
    (close) => {
      const { live } = loaded({ a: { b: 1 }, c: {} })
      const data = close(live.data) as { a: { b: number } }
      data.a.b = 2
      expect(data).toMatchObject({ a: { b: 2 }, c: {} })
      expect(live.changedKeys()).toEqual(['a'])
      expect(JSON.parse(live.snapshot() as string).a).toEqual({ b: 2 })
    },
  )

  test('take what is assigned to them after they were sealed', () => {
    const { live } = loaded({ a: { b: 1 } })
    const data = Object.seal(live.data)
    data.a = 1
    expect(data.a).toBe(1)
    expect(live.changedKeys()).toEqual(['a'])
  })

  test('are found changed in the keys in which plain data are, whatever a handler does', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { noNullPrototype: true }),
        fc.array(step),
        fc.array(step),
        (data, first, second) => {
          const { live } = loaded(data)
          const plain = structuredClone({ ...data, filling: FILLING }) as Data
          perform(first, live.data)
          perform(first, plain)
          const snapshot = live.snapshot()
          const now = parseData(JSON.stringify(plain))
          expect(parseData(snapshot as string)).toEqual(now)
          expect(live.changedKeys().sort()).toEqual(changedKeys({ ...data, filling: FILLING }, plain).sort())
          expect(live.differs(snapshot)).toBe(live.changedKeys().length > 0)

          live.adopt({ serialized: snapshot }, snapshot)
          expect(live.changedKeys()).toEqual([])
          perform(second, live.data)
          perform(second, plain)
          expect(live.changedKeys().sort()).toEqual(changedKeys(now, plain).sort())
          expect(parseData(live.snapshot() as string)).toEqual(parseData(JSON.stringify(plain)))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('are not serialised for a handler that reads what cannot be changed in its hands', () => {
    const { live, serialize } = loaded({ n: 1, cart: { items: [1] } })
    expect(live.data.n).toBe(1)
    expect(live.differs(live.snapshot())).toBe(false)
    expect(serialize).not.toHaveBeenCalled()
    expect((live.data.cart as { items: number[] }).items.push(2)).toBe(2)
    expect(live.differs(live.snapshot())).toBe(true)
  })

  test('are not parsed inside before somebody asks, and saved as they were', () => {
    const { live, origin } = loaded({ n: 1, cart: { items: [1] } })
    origin.serialized = origin.serialized.replace('[1]', '[oops]')
    expect(live.data.n).toBe(1)
    live.data.n = 2
    expect(live.snapshot()).toBe(origin.serialized.replace('"n":1', '"n":2'))
    expect(() => live.data.cart).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
  })

  test('look like any other object, on a console too', () => {
    const data = { n: 1, cart: { items: [1] } }
    const { live } = loaded(data)
    expect(inspect(live.data)).toBe(inspect({ ...data, filling: FILLING }))
    expect(Object.keys(live.data)).toEqual(['n', 'cart', 'filling'])
    expect(structuredClone(live.data)).toEqual({ ...data, filling: FILLING })
  })
})
