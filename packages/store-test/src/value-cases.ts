import { strict as assert } from 'node:assert'
import type { EnumerableStore } from '@tegata/core'
import type { Contract } from './store-fixture.ts'
import { bytes, fields, markUntil, textOf, whole } from './values.ts'

const MINUTE = 60_000

export function testForeignValues(contract: Contract): void {
  contract(
    'something that is no session is answered as such, and changed by no verb but destroy',
    async (fixture) => {
      const { store, after, now, putForeign } = fixture
      if (!putForeign) return
      await putForeign('k')
      const isInvalid = (answer: unknown) =>
        assert.equal((answer as { code?: string } | null)?.code, 'SESSION_VALUE_INVALID')
      isInvalid(await store.read('k'))
      isInvalid(await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } }))
      isInvalid(await store.replace('k', bytes('B'), after(MINUTE), whole('A')))
      isInvalid(await store.replace('k', bytes('B'), after(MINUTE)))
      isInvalid(await store.rotate('k', 'new', bytes('B'), after(MINUTE), whole('A')))
      isInvalid(await store.touch('k', after(MINUTE)))
      assert.equal(await store.create('k', bytes('B'), after(MINUTE)), false)
      isInvalid(await store.read('k'))
      assert.equal(await store.read('new'), null)
      assert.equal(await store.destroy('k', { mark: markUntil(after(MINUTE)) }), true)
      assert.equal(textOf(await store.read('k')), 'ended:1')
    },
  )
}

export function testBytes(contract: Contract): void {
  contract(
    'values of any bytes and of 0 to a million of them come back as they were',
    async ({ store, after }) => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      const values = [new Uint8Array(0), new Uint8Array([0]), every, new Uint8Array(1_000_000).fill(0xff)]
      for (const [i, value] of values.entries()) {
        assert.equal(await store.create(`k${i}`, value, after(MINUTE)), true)
        const found = await store.read(`k${i}`)
        assert.ok(found && !(found instanceof Error))
        assert.ok(Buffer.from(found.value).equals(value))
      }
    },
  )

  contract('keys of odd characters are different keys', async ({ store, after }) => {
    const keys = ['a', 'A', 'a ', 'a*', 'a?', 'a[b]', 'a{b}', 'a\\', 'a\nb', 'ä', 'á', '\u{1f600}', 'a:b:c']
    for (const key of keys) await store.create(key, bytes(key), after(MINUTE))
    for (const key of keys) assert.equal(textOf(await store.read(key)), key)
  })

  contract('bytes handed over or answered are not shared with the store', async ({ store, after }) => {
    const value = bytes('A')
    await store.create('k', value, after(MINUTE))
    value.fill(0)
    const found = await store.read('k')
    assert.equal(textOf(found), 'A')
    if (found && !(found instanceof Error)) found.value.fill(0)
    assert.equal(textOf(await store.read('k')), 'A')
  })
}

export function testEnumeration(contract: Contract): void {
  contract(
    'keys(prefix), where supported, yields every living key of the prefix and no other',
    async (fixture) => {
      const { store, after, advance } = fixture
      if (!store.supports.enumerate) return
      const names = Array.from({ length: 300 }, (_, i) => `p:[*]${i}`)
      for (const key of [...names, 'q:1', 'p:', 'p:x']) await store.create(key, bytes('A'), after(MINUTE))
      await store.create('p:[*]dead', bytes('A'), after(20))
      await advance(21)
      const found = new Set<string>()
      for await (const key of (store as EnumerableStore).keys('p:[*]')) found.add(key)
      assert.deepEqual([...found].sort(), [...names].sort())
    },
  )
}
