import type { KeyWatch, ReadOptions, StoredValue, WatchableStore, WatchListener } from '@tegata/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type NearCacheOptions, nearCache } from './near-cache.ts'
import { utf8 } from './testing.ts'

const MAX_STALE = 1000
const HOUR = 3_600_000

interface Pending {
  key: string
  options: ReadOptions | undefined
  /** What the server found, once it got to it. */
  found?: StoredValue | null
  answer(found: StoredValue | null): void
}

/** A server, a line that tells of changes, and reads under way: nothing arrives before a test lets it. */
class Lab {
  readonly values = new Map<string, { value: string; expiresAt: number }>()
  /** When each value of a key was over: there was another one, or none. */
  readonly overAt = new Map<string, number>()
  /** What is on its way to the listener, in order. */
  readonly line: (() => void)[] = []
  /** Proofs that were asked for and have not reached the server. */
  readonly asked: { reach(): void; fail(): void }[] = []
  readonly reads: Pending[] = []
  #listener: WatchListener | undefined
  #isWhole = false
  #version = 0
  /** Reads and touches that were sent. */
  sent = 0

  readonly store = {
    name: 'lab',
    supports: { conditional: true, shared: true, enumerate: false, owners: false, watch: true },
    read: (key: string, options?: ReadOptions) => {
      this.sent++
      return new Promise<StoredValue | null>((answer) => this.reads.push({ key, options, answer }))
    },
    touch: async (key: string, expiresAt: number) => {
      this.sent++
      const there = this.values.get(key)
      if (there) there.expiresAt = expiresAt
      this.#tell(key)
      return there !== undefined
    },
    replace: async (key: string) => {
      this.write(key)
      return { outcome: 'replaced' as const }
    },
    watch: (_prefix: string, listener: WatchListener): KeyWatch => {
      this.#listener = listener
      return {
        settled: () =>
          new Promise((resolve, reject) => {
            const fail = () => reject(new Error('broken'))
            if (!this.#isWhole) return fail()
            const told = Object.assign(() => resolve(), { fail })
            this.asked.push({ reach: () => this.line.push(told), fail })
          }),
        close: () => {},
      }
    },
  } as unknown as WatchableStore

  write(key: string, ttl = HOUR): void {
    this.#over(key)
    this.values.set(key, { value: `${key}${++this.#version}`, expiresAt: Date.now() + ttl })
    this.#tell(key)
  }

  end(key: string): void {
    this.#over(key)
    this.values.delete(key)
    this.#tell(key)
  }

  begin(): void {
    if (this.#isWhole) return
    this.#isWhole = true
    this.#listener?.begun()
  }

  /** What was on its way is lost. */
  break(): void {
    if (!this.#isWhole) return
    this.#isWhole = false
    this.line.length = 0
    for (const { fail } of this.asked.splice(0)) fail()
    this.#listener?.broken()
  }

  /** The server gets to a read; its deadline ends a key without a word. */
  reach(read = this.reads.find(({ found }) => found === undefined)): void {
    if (!read || read.found !== undefined) return
    const there = this.values.get(read.key)
    const isLiving = there !== undefined && there.expiresAt > Date.now()
    read.found = isLiving ? { value: utf8(there.value), expiresAt: there.expiresAt } : null
  }

  answer(read = this.reads.find(({ found }) => found !== undefined)): void {
    if (!read || read.found === undefined) return
    this.reads.splice(this.reads.indexOf(read), 1)
    read.answer(read.found)
  }

  #over(key: string): void {
    const there = this.values.get(key)
    if (there) this.overAt.set(there.value, performance.now())
  }

  #tell(key: string): void {
    if (this.#isWhole) this.line.push(() => this.#listener?.changed(key))
  }
}

const setUp = (options: NearCacheOptions = {}) => {
  const lab = new Lab()
  return { lab, near: nearCache(lab.store, { maxStale: MAX_STALE / 1000, ...options }) }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

/** Everything arrives. */
async function flow(lab: Lab): Promise<void> {
  for (const { reach } of lab.asked.splice(0)) reach()
  for (const message of lab.line.splice(0)) message()
  for (const read of [...lab.reads]) {
    lab.reach(read)
    lab.answer(read)
  }
  await settle()
}

async function read(
  lab: Lab,
  near: WatchableStore,
  options?: ReadOptions,
  key = 'k',
): Promise<string | null> {
  let isThere = false
  const answer = near.read(key, options).finally(() => {
    isThere = true
  })
  while (!isThere) await flow(lab)
  const found = await answer
  return found && 'value' in found ? new TextDecoder().decode(found.value) : null
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'Date', 'performance'] })
})
afterEach(() => void vi.useRealTimers())

/** Lets time pass as it does where the line is good. */
async function pass(lab: Lab, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 100) {
    await vi.advanceTimersByTimeAsync(100)
    await flow(lab)
  }
}

describe('a near cache', () => {
  test('asks the store once, and then itself', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    for (let i = 0; i < 10; i++) {
      expect(await read(lab, near)).toBe('k1')
      await pass(lab, 500)
    }
    expect(lab.sent).toBe(1)
  })

  test('says at once what it would answer, and nothing where the store has to be asked', async () => {
    const { lab, near } = setUp()
    const recalled = (options?: ReadOptions) => {
      const found = near.recall?.('k', options)
      return found && new TextDecoder().decode(found.value)
    }
    expect(recalled()).toBeUndefined()
    lab.begin()
    lab.write('k')
    await flow(lab)
    expect(recalled()).toBeUndefined()
    await read(lab, near)
    expect(recalled()).toBe('k1')
    expect(recalled({ fresh: true })).toBeUndefined()
    lab.write('k')
    await flow(lab)
    expect(recalled()).toBeUndefined()
    await read(lab, near)
    expect(recalled()).toBe('k2')
    await vi.advanceTimersByTimeAsync(MAX_STALE + 1)
    expect(recalled()).toBeUndefined()
    expect(lab.sent).toBe(2)
  })

  test('refuses a store that cannot watch, and options that make no sense', () => {
    const { store } = new Lab()
    const blind = { ...store, supports: { ...store.supports, watch: false } }
    expect(() => nearCache(blind)).toThrow(TypeError)
    for (const options of [
      { maxStale: 0 },
      { maxStale: 2_147_484 },
      { maxAge: Number.NaN },
      { maxEntries: 0.5 },
      { maxBytes: -1 },
      { onEvent: 'log' as never },
    ]) {
      expect(() => nearCache(store, options)).toThrow(TypeError)
    }
  })

  test('stands in front of a store of a class, whatever that keeps to itself', async () => {
    class Base {
      readonly #lab = new Lab()
      readonly name = 'lab'
      readonly supports = this.#lab.store.supports
      get lab() {
        return this.#lab
      }
      watch(prefix: string, listener: WatchListener) {
        return this.#lab.store.watch(prefix, listener)
      }
      async members(index: string) {
        return this.#lab.line.map(() => index)
      }
    }
    class Store extends Base {
      read(key: string, options?: ReadOptions) {
        return this.lab.store.read(key, options)
      }
    }
    const store = new Store()
    const near = nearCache(store as unknown as WatchableStore) as unknown as Store & WatchableStore
    near.lab.begin()
    near.lab.write('k')
    expect(await near.members('i')).toEqual(['i'])
    await flow(near.lab)
    for (let i = 0; i < 2; i++) expect(await read(near.lab, near)).toBe('k1')
    expect(near.lab.sent).toBe(1)
    expect({ ...near.supports }).toEqual({ ...store.supports })
  })

  test('takes an option that is undefined for one that is not given', () => {
    const { store } = new Lab()
    const none = { prefix: undefined, maxStale: undefined, maxBytes: undefined, now: undefined } as never
    expect(() => nearCache(store, none).close()).not.toThrow()
  })

  test('remembers nothing before the watch has begun, and not what was asked for before', async () => {
    const { lab, near } = setUp()
    lab.write('k')
    const early = near.read('k')
    lab.begin()
    await flow(lab)
    await early
    expect(await read(lab, near)).toBe('k1')
    expect(lab.sent).toBe(2)
  })

  test('does not keep what a read brings that met a change on its way', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    const underWay = near.read('k')
    lab.reach()
    lab.write('k')
    lab.line.shift()?.()
    lab.answer()
    await underWay
    expect(await read(lab, near)).toBe('k2')
  })

  test('does not keep what a read brings that was under way during a write of its own', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    const underWay = near.read('k')
    lab.reach()
    await near.replace('k', utf8(''), 0)
    lab.answer()
    await underWay
    const after = near.read('k')
    // The word of the write is still on its way.
    lab.reach()
    lab.answer()
    expect(await after).toMatchObject({ value: utf8('k2') })
  })

  test('answers nothing while the line has not proved that it lives, and the same once it has', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    await read(lab, near)
    await vi.advanceTimersByTimeAsync(MAX_STALE)
    near.read('k')
    expect(lab.reads).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    near.read('k')
    expect(lab.reads).toHaveLength(1)
    await flow(lab)
    await pass(lab, 500)
    near.read('k')
    expect(lab.reads).toHaveLength(0)
  })

  test('forgets everything when the line breaks', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    await read(lab, near)
    lab.break()
    lab.write('k')
    expect(await read(lab, near)).toBe('k2')
    lab.begin()
    lab.write('k')
    expect(await read(lab, near)).toBe('k3')
  })

  test('ends a session at its deadline by itself', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k', 700)
    await flow(lab)
    expect(await read(lab, near)).toBe('k1')
    await pass(lab, 600)
    expect(await read(lab, near)).toBe('k1')
    expect(lab.sent).toBe(1)
    await pass(lab, 100)
    expect(await read(lab, near)).toBeNull()
  })

  test('reads a value anew after maxAge', async () => {
    const { lab, near } = setUp({ maxAge: 3 })
    lab.begin()
    lab.write('k')
    await flow(lab)
    await read(lab, near)
    await pass(lab, 2900)
    await read(lab, near)
    expect(lab.sent).toBe(1)
    await pass(lab, 100)
    await read(lab, near)
    expect(lab.sent).toBe(2)
  })

  test('keeps no more than maxEntries and maxBytes, the least used going first', async () => {
    for (const options of [{ maxEntries: 2 }, { maxBytes: 1500 }]) {
      const { lab, near } = setUp(options)
      lab.begin()
      for (const key of ['a', 'b', 'c']) lab.write(key)
      await flow(lab)
      for (const key of ['a', 'b', 'a', 'c']) await read(lab, near, undefined, key)
      lab.sent = 0
      await read(lab, near, undefined, 'a')
      await read(lab, near, undefined, 'c')
      expect(lab.sent).toBe(0)
      await read(lab, near, undefined, 'b')
      expect(lab.sent).toBe(1)
      near.close()
    }
  })

  test('counts what readers made of a value, and forgets what alone is too much', async () => {
    const { lab, near } = setUp({ maxBytes: 2500 })
    lab.begin()
    for (const key of ['a', 'b']) lab.write(key)
    await flow(lab)
    for (const key of ['a', 'b']) await read(lab, near, undefined, key)
    near.recall?.('b')?.takes?.(1000)
    expect(near.recall?.('a')).toBeDefined()
    const entry = near.recall?.('b')
    entry?.takes?.(500)
    expect(near.recall?.('a')).toBeUndefined()
    entry?.takes?.(2000)
    expect(near.recall?.('b')).toBeUndefined()
    lab.write('b')
    await flow(lab)
    await read(lab, near, undefined, 'b')
    entry?.takes?.(2000)
    expect(near.recall?.('b')?.value).toEqual(utf8('b3'))
  })

  test('takes no memory for more entries than maxBytes has room for', () => {
    const { store } = new Lab()
    const before = process.memoryUsage().rss
    nearCache(store, { maxEntries: Number.MAX_SAFE_INTEGER }).close()
    nearCache(store, { maxEntries: 10_000_000 }).close()
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('leaves keys of other prefixes, and reads that are to be fresh, to the store', async () => {
    const { lab, near } = setUp({ prefix: 'k' })
    lab.begin()
    lab.write('k')
    lab.write('other')
    await flow(lab)
    for (let i = 0; i < 2; i++) {
      await read(lab, near, { fresh: true })
      await read(lab, near, undefined, 'other')
    }
    expect(lab.sent).toBe(4)
  })

  test('goes back to nothing older than what a fresh read found, though no word of the change came', async () => {
    for (const change of ['write', 'end'] as const) {
      const { lab, near } = setUp()
      lab.begin()
      lab.write('k')
      await flow(lab)
      await read(lab, near)
      lab[change]('k')
      const fresh = near.read('k', { fresh: true })
      lab.reach()
      lab.answer()
      const found = await fresh
      const after = near.read('k')
      lab.reach()
      lab.answer()
      expect(await after).toEqual(found)
    }
  })

  test('keeps what a fresh read found unchanged', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    for (const options of [undefined, { fresh: true }, undefined]) await read(lab, near, options)
    expect(lab.sent).toBe(2)
  })

  test('does not keep what a read brings that a fresh one has overtaken', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    const slow = near.read('k')
    lab.reach()
    lab.write('k')
    const fresh = near.read('k', { fresh: true })
    lab.reach()
    lab.answer(lab.reads[1])
    expect(await fresh).toMatchObject({ value: utf8('k2') })
    lab.answer()
    await slow
    const after = near.read('k')
    lab.reach()
    lab.answer()
    expect(await after).toMatchObject({ value: utf8('k2') })
  })

  test('is a plain store again once it is closed', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.write('k')
    await flow(lab)
    await read(lab, near)
    near.close()
    lab.write('k')
    expect(await read(lab, near)).toBe('k2')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a rolling read', () => {
  const fields = { idle: [0, 4], until: [4, 9] } as const
  const rolling = (touchAfter = 0): ReadOptions => ({ extend: { fields, now: Date.now(), touchAfter } })
  const head = (idle: number, until = Date.now() + 1000 * HOUR) =>
    idle.toString(36).padStart(4, '0') + until.toString(36).padStart(9, '0')

  async function withValue(idle: number, ttl = idle * 1000) {
    const { lab, near } = setUp()
    lab.begin()
    lab.values.set('k', { value: head(idle), expiresAt: Date.now() + ttl })
    await read(lab, near, rolling())
    lab.sent = 0
    return { lab, near }
  }

  test('moves the deadline when it lags behind by 1 % of the idle time', async () => {
    const { lab, near } = await withValue(300)
    await pass(lab, 2900)
    await read(lab, near, rolling())
    expect(lab.sent).toBe(0)
    await pass(lab, 100)
    near.read('k', rolling())
    lab.reach()
    lab.answer()
    await settle()
    // Once to see, as for a long idle time, and once to move.
    expect(lab.reads.at(-1)?.options?.extend?.touchAfter).toBe(0)
  })

  test('moves it no sooner than touchAfter says', async () => {
    const { lab, near } = await withValue(300)
    await pass(lab, 9900)
    await read(lab, near, rolling(10_000))
    expect(lab.sent).toBe(0)
    await pass(lab, 100)
    near.read('k', rolling(10_000))
    expect(lab.reads).toHaveLength(1)
  })

  test('asks the store about a value whose last moment has passed', async () => {
    const { lab, near } = setUp()
    lab.begin()
    lab.values.set('k', { value: head(300, Date.now() + 500), expiresAt: Date.now() + HOUR })
    await read(lab, near, rolling())
    lab.sent = 0
    await pass(lab, 600)
    near.read('k', rolling())
    await flow(lab)
    expect(lab.sent).toBeGreaterThan(0)
  })

  test('leaves a touch that all but changes nothing', async () => {
    const { lab, near } = await withValue(300)
    expect(await near.touch('k', Date.now() + 302_000)).toBe(true)
    expect(lab.sent).toBe(0)
    expect(await near.touch('k', Date.now() + 310_000)).toBe(true)
    expect(lab.sent).toBe(1)
    await near.touch('k', Date.now() + 10_000)
    expect(lab.sent).toBe(2)
  })
})

test('whatever happens in whatever order, no answer is older than maxStale, nor past its deadline', async () => {
  const key = fc.constantFrom('a', 'a', 'a', 'b')
  const step = fc.oneof(
    { arbitrary: fc.record({ do: fc.constant('read'), key }), weight: 6 },
    { arbitrary: fc.record({ do: fc.constantFrom('write', 'end', 'own write'), key }), weight: 2 },
    { arbitrary: fc.record({ do: fc.constant('short'), key }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constantFrom('tell', 'reach proof', 'reach', 'answer') }), weight: 8 },
    { arbitrary: fc.record({ do: fc.constant('flow') }), weight: 3 },
    { arbitrary: fc.record({ do: fc.constantFrom('break', 'begin') }), weight: 1 },
    {
      arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(50, 249, 400) }),
      weight: 3,
    },
  )
  let hits = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), async (steps) => {
      const { lab, near } = setUp()
      lab.begin()
      for (const key of ['a', 'b']) lab.write(key)
      for (const one of steps) {
        if (one.do === 'read' && 'key' in one) {
          const before = lab.sent
          const answer = near.read(one.key)
          await settle()
          if (lab.sent > before) continue
          hits++
          const found = (await answer) as StoredValue
          const overAt = lab.overAt.get(new TextDecoder().decode(found.value)) ?? Number.POSITIVE_INFINITY
          expect(performance.now() - overAt).toBeLessThanOrEqual(MAX_STALE)
          expect(found.expiresAt).toBeGreaterThan(Date.now())
        } else if ('key' in one) {
          if (one.do === 'write') lab.write(one.key)
          if (one.do === 'short') lab.write(one.key, 600)
          if (one.do === 'end') lab.end(one.key)
          if (one.do === 'own write') await near.replace(one.key, utf8(''), 0)
        } else if ('ms' in one) await vi.advanceTimersByTimeAsync(one.ms)
        else if (one.do === 'flow') await flow(lab)
        else if (one.do === 'tell') lab.line.shift()?.()
        else if (one.do === 'reach proof') lab.asked.shift()?.reach()
        else if (one.do === 'reach') lab.reach()
        else if (one.do === 'answer') lab.answer()
        else if (one.do === 'break') lab.break()
        else if (one.do === 'begin') lab.begin()
        await settle()
      }
      near.close()
    }),
    { numRuns: 1000 },
  )
  // That it tests something.
  expect(hits).toBeGreaterThan(500)
})
