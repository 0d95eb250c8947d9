import { type EnumerableStore, type IndexedStore, StoreUnavailableError } from '@tegata/core'
import { type StoreFixture, testSessionStore } from '@tegata/store-test'
import { describe, expect, test } from 'vitest'
import { testing } from './testing.ts'

/** A store as it should be, with some of its verbs replaced. */
type Mistake = (store: EnumerableStore, fixture: StoreFixture) => Partial<EnumerableStore>

/** Titles of the cases that a store fails. */
async function failures(mistake: Mistake, runs = 60): Promise<string[]> {
  const cases: [title: string, run: () => Promise<void>][] = []
  testSessionStore({
    test: (title, run) => cases.push([title, () => run()]),
    runs,
    createStore() {
      const fixture = testing()
      const broken = (store: EnumerableStore) => ({ ...store, ...mistake(store, fixture) })
      return {
        ...fixture,
        store: broken(fixture.store as EnumerableStore),
        another: async () => broken((await fixture.another?.()) as EnumerableStore),
        putForeign: async () => {},
      }
    },
  })
  const failed: string[] = []
  for (const [title, run] of cases) {
    // Of a value of another type this database knows nothing.
    if (title.startsWith('something that is no session')) continue
    await run().catch(() => failed.push(title))
  }
  return failed
}

const text = (value: Uint8Array) => new TextDecoder().decode(value)
const PARALLEL = 'parallel calls answer as if each were made at one moment between its call and its answer'
const CUT =
  'while connections are cut every call is applied and answered, refused as not applied, or told as unknown'

const mistakes: [mistake: string, caughtBy: string, Mistake][] = [
  [
    'reads, compares and writes in two steps: lost updates',
    PARALLEL,
    (store) => ({
      async replace(key, value, expiresAt, expected) {
        const found = await store.read(key)
        if (found === null || found instanceof Error) return { outcome: 'gone' }
        const there = text(found.value)
        const wanted = expected && text('whole' in expected ? expected.whole : expected.stamp)
        const isMet =
          wanted === undefined ||
          (expected && 'whole' in expected ? there === wanted : there.startsWith(wanted))
        if (!isMet && there !== text(value)) return { outcome: 'conflict', value: found.value }
        return store.replace(key, value, expiresAt)
      },
    }),
  ],
  [
    'writes over what is gone: a logout undone',
    'replace that expects the whole value brings nothing to life: gone',
    (store) => ({
      async replace(key, value, expiresAt, ...rest) {
        const answer = await store.replace(key, value, expiresAt, ...rest)
        if (!('outcome' in answer) || answer.outcome !== 'gone') return answer
        await store.create(key, value, expiresAt)
        return { outcome: 'replaced' }
      },
    }),
  ],
  [
    'creates over what is there: a session taken over',
    'create leaves a key alone that is taken, and answers false',
    (store) => ({
      async create(key, value, expiresAt, options) {
        await store.destroy(key)
        return store.create(key, value, expiresAt, options)
      },
    }),
  ],
  [
    'moves in two steps without looking: two sessions of one',
    'of many rotates exactly one is made, and one key lives',
    (store) => ({
      async rotate(oldKey, newKey, value, expiresAt, _expected, options) {
        if ((await store.read(oldKey)) === null) return { outcome: 'gone' }
        await store.create(newKey, value, expiresAt)
        await store.destroy(oldKey, options)
        return { outcome: 'replaced' }
      },
    }),
  ],
  [
    'takes values for text',
    'values of any bytes, from none to 5 MB, come back from every verb as they were',
    (store) => ({
      create: (key, value, ...rest) => store.create(key, new TextEncoder().encode(text(value)), ...rest),
    }),
  ],
  [
    'leaves no marks',
    'rotate leaves a mark at the old key',
    (store) => ({
      rotate: (oldKey, newKey, value, expiresAt, expected) =>
        store.rotate(oldKey, newKey, value, expiresAt, expected),
    }),
  ],
  [
    'writes however late',
    'replace after its time is refused as not applied, and changes nothing',
    (store) => ({
      replace: (key, value, expiresAt, expected) => store.replace(key, value, expiresAt, expected),
    }),
  ],
  [
    'lets deadlines go further only',
    'touch brings the deadline nearer as well',
    (store, { now }) => ({
      async touch(key, expiresAt, options) {
        const found = await store.read(key)
        const there = found && 'value' in found && found.expiresAt
        const isNearer = there && expiresAt > (now?.() ?? 0) && expiresAt < there
        return isNearer ? true : store.touch(key, expiresAt, options)
      },
    }),
  ],
  [
    'slides deadlines in two steps: a logout undone by a read',
    'no read with extend that races with a write or with destroy undoes it',
    (store) => ({
      async read(key, { extend } = {}) {
        const found = await store.read(key)
        if (!extend || !found || !('value' in found)) return found
        await store.destroy(key)
        await store.create(key, found.value, found.expiresAt ?? 0)
        return store.read(key, { extend })
      },
    }),
  ],
  [
    'compares values as text',
    'values are compared to their last byte, and as bytes',
    (store) => ({
      async replace(key, value, expiresAt, expected, options) {
        const found = await store.read(key)
        const there = found && 'value' in found ? found.value : undefined
        const isMet = there && expected && 'whole' in expected && text(there) === text(expected.whole)
        return store.replace(key, value, expiresAt, isMet ? { whole: there } : expected, options)
      },
    }),
  ],
  [
    'takes a prefix for a pattern',
    'keys(prefix) takes each character of a prefix for itself, and none for all keys',
    (store) => ({
      async *keys(prefix) {
        const pattern = new RegExp(
          `^${prefix
            .replace(/[^\w%]/g, '\\$&')
            .replaceAll('%', '.*')
            .replaceAll('_', '.')}`,
        )
        for await (const key of store.keys('')) if (pattern.test(key)) yield key
      },
    }),
  ],
  [
    'rounds deadlines to seconds, up',
    'no verb leaves anything alive with a deadline of now',
    (store, { now }) => ({
      touch: (key, expiresAt, options) => store.touch(key, Math.max(expiresAt, (now?.() ?? 0) + 1), options),
    }),
  ],
  [
    'yields the keys of others',
    'keys(prefix) yields every living key of the prefix and no other',
    (store) => ({ keys: (prefix) => store.keys(prefix.slice(0, 2)) }),
  ],
  [
    'cuts keys to the width of its column',
    'sessions of two prefixes never see each other',
    (store) => ({
      read: (key, options) => store.read(key.slice(-20), options),
      create: (key, ...rest) => store.create(key.slice(-20), ...rest),
      replace: (key, ...rest) => store.replace(key.slice(-20), ...rest),
      destroy: (key, options) => store.destroy(key.slice(-20), options),
    }),
  ],
  [
    'says that a write whose reply was lost was not applied',
    CUT,
    (store) => {
      const told = <T>(writing: Promise<T>) =>
        writing.catch(() => Promise.reject(new StoreUnavailableError('Lost.', { outcome: 'not-applied' })))
      return {
        create: (...call) => told(store.create(...call)),
        replace: (...call) => told(store.replace(...call)),
        destroy: (...call) => told(store.destroy(...call)),
      }
    },
  ],
  [
    'says that a write whose reply was lost was made',
    CUT,
    (store) => ({
      create: (...call) => store.create(...call).catch(() => true),
      replace: (...call) => store.replace(...call).catch(() => ({ outcome: 'replaced' as const })),
    }),
  ],
  [
    'answers a write before its key is in the index',
    'what create writes is in its index by the time it answers, the later with the higher rank',
    (store) => ({
      async create(key, value, expiresAt, { index, ...options } = {}) {
        const answer = await store.create(key, value, expiresAt, options)
        if (answer && index) setTimeout(() => store.replace(key, value, expiresAt, undefined, { index }), 5)
        return answer
      },
    }),
  ],
  [
    'enters the new key of a rotation after the old one went',
    'whoever finds a listed key gone finds in the index where a rotation put it',
    (store) => ({
      async rotate(oldKey, newKey, value, expiresAt, expected, { index, ...options } = {}) {
        const answer = await store.rotate(oldKey, newKey, value, expiresAt, expected, options)
        const isMoved = 'outcome' in answer && answer.outcome === 'replaced'
        if (isMoved && index) await store.replace(newKey, value, expiresAt, undefined, { index })
        return answer
      },
    }),
  ],
  [
    'gives a session another rank at each write',
    'create that is called again, as its reply was lost, keeps the rank',
    (store) => ({
      async create(key, value, expiresAt, options = {}) {
        const { index } = options
        if (index) await (store as unknown as IndexedStore).removeMembers(index.key, [key])
        const answer = await store.create(key, value, expiresAt, options)
        if (answer && index) await store.replace(key, value, expiresAt, undefined, { index })
        return answer
      },
    }),
  ],
  [
    'declares what it does not have',
    'supports declares each ability, and those that are expected',
    (store) => ({ supports: { ...store.supports, enumerate: false } }),
  ],
]

describe('the suite', () => {
  test('passes a store as it should be', async () => {
    expect(await failures(() => ({}))).toEqual([])
  })

  test.each(mistakes)('tells of a store that %s', { timeout: 60_000 }, async (_, caughtBy, mistake) => {
    // Races, and replies that are lost on the way back, are a matter of chance.
    const runs = { [PARALLEL]: 300, [CUT]: 640 }[caughtBy]
    expect(await failures(mistake, runs)).toContain(caughtBy)
  })
})
