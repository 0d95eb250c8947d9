import { strict as assert } from 'node:assert'
import { createSessions, type EnumerableStore, nativeFormat, type Sessions } from '@tegata/core'
import type { Contract } from './store-fixture.ts'
import { bytes, textOf } from './values.ts'

const MINUTE = 60_000

/** More than a store looks at in one step. */
const MANY = 2500

const keysOf = async (store: unknown, prefix: string) => {
  const found: string[] = []
  for await (const key of (store as EnumerableStore).keys(prefix)) found.push(key)
  return found
}

export function testEnumeration(contract: Contract): void {
  contract(
    'keys(prefix) yields every living key of the prefix and no other',
    async ({ store, after, advance }) => {
      const names = Array.from({ length: 300 }, (_, i) => `p:[*]${i}`)
      for (const key of [...names, 'q:1', 'p:', 'p:x']) await store.create(key, bytes('A'), after(MINUTE))
      await store.create('p:[*]dead', bytes('A'), after(20))
      await advance(21)
      assert.deepEqual([...new Set(await keysOf(store, 'p:[*]'))].sort(), [...names].sort())
    },
    'enumerate',
  )

  contract(
    'keys(prefix) takes each character of a prefix for itself, and none for all keys',
    async ({ store, after }) => {
      const names = [
        'a',
        'ab',
        'A',
        'ba',
        'a?',
        'a_',
        'a%',
        'a*',
        'a\\',
        'a[b',
        'a.',
        'a{',
        '^a',
        'ä',
        'a\u0308',
      ]
      for (const key of names) await store.create(key, bytes('A'), after(MINUTE))
      for (const prefix of ['', ...names]) {
        const found = new Set(await keysOf(store, prefix))
        assert.deepEqual([...found].sort(), names.filter((key) => key.startsWith(prefix)).sort(), prefix)
      }
    },
    'enumerate',
  )

  contract(
    'keys(prefix) misses no key that lives throughout, whatever is written meanwhile',
    async (fixture) => {
      const { store, after } = fixture
      const other = await fixture.another()
      const names = Array.from({ length: MANY }, (_, i) => `p:${i}`)
      // Before them, in whichever order: what is counted instead of remembered moves when they go.
      const doomed = Array.from({ length: MANY / 5 }, (_, i) => `p:!${i}`)
      for (const keys of [doomed, names])
        await Promise.all(keys.map((key) => store.create(key, bytes('A'), after(MINUTE))))
      let isWriting = true
      const written = new Set(doomed)
      const writing = (async () => {
        for (let i = 0; isWriting; i++) {
          written.add(`p:new${i}`)
          await other.create(`p:new${i}`, bytes('A'), after(MINUTE))
          await other.replace(`p:${i % MANY}`, bytes('B'), after(MINUTE))
          await other.create(`q:${i}`, bytes('A'), after(MINUTE))
          if (i % 2) await other.destroy(`p:new${i - 1}`)
          const ended = doomed.pop()
          if (ended) await other.destroy(ended)
        }
      })()
      // It may fail before it is waited for.
      writing.catch(() => {})
      const found = new Set(
        await keysOf(store, 'p:').finally(() => {
          isWriting = false
        }),
      )
      await writing
      assert.deepEqual(
        names.filter((key) => !found.has(key)),
        [],
      )
      assert.deepEqual(
        [...found].filter((key) => !written.has(key) && !names.includes(key)),
        [],
      )
    },
    'enumerate',
  )
}

/** A request that changes the session, or ends it; answers what it found, and the cookie that the browser has then. */
async function request(sessions: Sessions, cookie: string | undefined, change: 'write' | 'end' | 'nothing') {
  const context = sessions.open({ cookie, secure: true })
  const session = await context.session()
  const found = { isNew: session.isNew, data: { ...session.data } }
  if (change === 'write') session.data.in = sessions.policy.format
  if (change === 'end') await session.destroy()
  await context.commit()
  return { ...found, cookie: context.headers().setCookies[0]?.split(';')[0] ?? cookie }
}

export function testIsolation(contract: Contract): void {
  contract('sessions of two prefixes never see each other', async ({ store, after, now }) => {
    const sessionsOf = (prefix: string) => createSessions({ store, now, format: nativeFormat({ prefix }) })
    const [shop, blog] = [sessionsOf('app:'), sessionsOf('app:blog:')]
    const { cookie } = await request(shop, undefined, 'write')
    assert.equal((await request(blog, cookie, 'nothing')).isNew, true)
    await request(blog, cookie, 'end')
    assert.equal((await request(shop, cookie, 'nothing')).isNew, false)

    const { cookie: own } = await request(blog, undefined, 'write')
    assert.equal((await request(shop, own, 'nothing')).isNew, true)
    await request(shop, cookie, 'end')
    assert.equal((await request(blog, own, 'nothing')).isNew, false)

    // Nor does what is written beside them.
    await store.create('app', bytes('A'), after(MINUTE))
    await store.destroy('app:')
    assert.equal(textOf(await store.read('app')), 'A')
  })
}
