import { strict as assert } from 'node:assert'
import type { StoredValue } from '@tegata/core'
import type { Contract } from './store-fixture.ts'
import { bytes, fields, markUntil, textOf, whole } from './values.ts'

const MINUTE = 60_000

export function testForeignValues(contract: Contract): void {
  contract(
    'something that is no session is answered as such, and changed by no verb but destroy',
    async (fixture) => {
      const { store, after, now } = fixture
      await fixture.putForeign?.('k')
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
    'putForeign',
  )
}

export function testBytes(contract: Contract): void {
  contract(
    'values of any bytes, from none to 5 MB, come back from every verb as they were',
    async ({ store, after }) => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      const line = bytes('\r\n$-1\r\n')
      const large = new Uint8Array(5_000_000).map((_, i) => (i * 31) % 256)
      const values = [new Uint8Array(0), new Uint8Array([0]), every, line, large]
      for (const [i, value] of values.entries()) {
        const key = `k${i}`
        const isThere = (found: unknown) => {
          assert.ok(Buffer.from((found as StoredValue).value).equals(value), `${value.length} bytes`)
        }
        assert.equal(await store.create(key, value, after(MINUTE)), true)
        isThere(await store.read(key))
        isThere(await store.replace(key, bytes('B'), after(MINUTE), whole('nothing like it')))
        assert.deepEqual(await store.replace(key, bytes('B'), after(MINUTE), { whole: value }), {
          outcome: 'replaced',
        })
        const moved = await store.rotate(key, `n${i}`, value, after(MINUTE), whole('B'))
        assert.deepEqual(moved, { outcome: 'replaced' })
        isThere(await store.read(`n${i}`))
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
