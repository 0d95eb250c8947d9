import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { parseData } from './json.ts'
import { changedKeys } from './merge.ts'
import { nativeFormat } from './native-format.ts'
import { type Beginning, SessionState } from './session-state.ts'

const FILLING = 'x'.repeat(2000)

type Data = Record<string, unknown>

/** A request's state of large data, as loaded. */
function loaded(data: Data) {
  const format = nativeFormat()
  const serialize = vi.spyOn(format, 'serialize')
  const serialized = JSON.stringify({ ...data, filling: FILLING })
  const header = { createdAt: 0, writtenAt: 0, idle: 60, until: 60_000 }
  const stored = { id: 'id', key: 'key', header, serialized, value: new Uint8Array() }
  const begin: Beginning = { status: 'stored', id: 'id', header, expiresAt: 60_000, stored }
  return { state: new SessionState(format, begin), serialize, stored }
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
  test('are found changed in the keys in which plain data are, whatever a handler does', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { noNullPrototype: true }),
        fc.array(step),
        fc.array(step),
        (data, first, second) => {
          const { state, stored } = loaded(data)
          const plain = structuredClone({ ...data, filling: FILLING }) as Data
          perform(first, state.data)
          perform(first, plain)
          const snapshot = state.snapshot()
          const now = parseData(JSON.stringify(plain))
          expect(parseData(snapshot as string)).toEqual(now)
          expect(state.changedKeys().sort()).toEqual(changedKeys({ ...data, filling: FILLING }, plain).sort())
          expect(state.differs(snapshot)).toBe(state.changedKeys().length > 0)

          state.adopt({ ...stored, serialized: snapshot }, snapshot)
          expect(state.changedKeys()).toEqual([])
          perform(second, state.data)
          perform(second, plain)
          expect(state.changedKeys().sort()).toEqual(changedKeys(now, plain).sort())
          expect(parseData(state.snapshot() as string)).toEqual(parseData(JSON.stringify(plain)))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('are not serialised for a handler that reads what cannot be changed in its hands', () => {
    const { state, serialize } = loaded({ n: 1, cart: { items: [1] } })
    expect(state.data.n).toBe(1)
    expect(state.differs(state.snapshot())).toBe(false)
    expect(serialize).not.toHaveBeenCalled()
    expect((state.data.cart as { items: number[] }).items.push(2)).toBe(2)
    expect(state.differs(state.snapshot())).toBe(true)
  })

  test('are not parsed inside before somebody asks, and saved as they were', () => {
    const { state, stored } = loaded({ n: 1, cart: { items: [1] } })
    stored.serialized = stored.serialized.replace('[1]', '[oops]')
    expect(state.data.n).toBe(1)
    state.data.n = 2
    expect(state.snapshot()).toBe(stored.serialized.replace('"n":1', '"n":2'))
    expect(() => state.data.cart).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
  })

  test('look like any other object, on a console too', () => {
    const data = { n: 1, cart: { items: [1] } }
    const { state } = loaded(data)
    expect(inspect(state.data)).toBe(inspect({ ...data, filling: FILLING }))
    expect(Object.keys(state.data)).toEqual(['n', 'cart', 'filling'])
    expect(structuredClone(state.data)).toEqual({ ...data, filling: FILLING })
  })
})
