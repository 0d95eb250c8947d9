import { strict as assert } from 'node:assert'
import type { StoredValue } from '@tegata/core'
import type { Contract } from './store-fixture.ts'
import { bytes, fields, markUntil, sliding, textOf, whole } from './values.ts'

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

  contract('values that are no text are moved, marked and answered as they were', async (fixture) => {
    const { store, now, after } = fixture
    const isThere = async (key: string, value: Uint8Array) =>
      assert.deepEqual([...((await store.read(key)) as StoredValue).value], [...value])
    const value = Uint8Array.from([...sliding(60, after(10 * MINUTE)), 0xff, 0, 0x80])
    const mark = { ...markUntil(after(MINUTE)), value: Uint8Array.from([...bytes('ended:'), 0xff, 0, 0x80]) }
    await store.create('k', value, after(MINUTE))
    await store.touch('k', after(MINUTE / 2))
    await isThere('k', value)
    await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } })
    await isThere('k', value)
    const refused = await store.rotate('k', 'l', bytes('B'), after(MINUTE), whole('else'))
    assert.deepEqual([...(refused as StoredValue).value], [...value])
    await store.rotate('k', 'l', value, after(MINUTE), { whole: value }, { mark })
    await isThere('k', mark.value)
    await store.destroy('l', { mark })
    await isThere('l', mark.value)
  })

  contract('values are compared to their last byte, and as bytes', async ({ store, after }) => {
    const [one, other] = [0xfe, 0xff].map((last) => Uint8Array.of(...bytes('A'), last))
    const large = (last: number) => new Uint8Array(100_000).fill(0x41).fill(last, -1)
    const pairs = [
      [one, other],
      [large(0x41), large(0x42)],
    ] as [Uint8Array, Uint8Array][]
    for (const [at, [value, near]] of pairs.entries()) {
      const key = `k${at}`
      await store.create(key, value, after(MINUTE))
      assert.equal(await store.create(key, near, after(MINUTE)), false)
      for (const expected of [{ whole: near }, { stamp: near }]) {
        const answers = [
          await store.replace(key, bytes('B'), after(MINUTE), expected),
          await store.rotate(key, 'new', bytes('B'), after(MINUTE), expected),
        ]
        for (const answer of answers) assert.equal((answer as { outcome?: string }).outcome, 'conflict')
      }
      for (const expected of [{ stamp: value }, { whole: value }]) {
        const answer = await store.replace(key, value, after(MINUTE), expected)
        assert.deepEqual(answer, { outcome: 'replaced' })
      }
    }
  })

  contract('keys of odd characters are different keys', async ({ store, after }) => {
    const keys = ['a', 'A', 'a ', 'a*', 'a?', 'a[b]', 'a{b}', 'a\\', 'a\nb', 'ä', 'á', '\u{1f600}', 'a:b:c']
    keys.push('a\u0308', '\u0161', 'a%', 'a_', "a'", '__proto__', 'constructor')
    keys.push('k'.repeat(200), `${'k'.repeat(199)}l`)
    for (const key of keys) await store.create(key, bytes(key), after(MINUTE))
    for (const key of keys) assert.equal(textOf(await store.read(key)), key)
  })

  contract('bytes handed over or answered are not shared with the store', async ({ store, after }) => {
    const value = bytes('A')
    await store.create('k', value, after(MINUTE))
    value.fill(0)
    const found = await store.read('k')
    assert.equal(textOf(found), 'A')
    const refused = [
      await store.replace('k', bytes('B'), after(MINUTE), whole('else')),
      await store.rotate('k', 'l', bytes('B'), after(MINUTE), whole('else')),
    ]
    for (const answer of [found, ...refused]) (answer as StoredValue).value.fill(0)
    assert.equal(textOf(await store.read('k')), 'A')
    for (const [verb, given] of Object.entries({ replace: bytes('B'), rotate: bytes('C') })) {
      if (verb === 'replace') await store.replace('k', given, after(MINUTE), whole('A'))
      else await store.rotate('k', 'l', given, after(MINUTE), whole('B'))
      const written = textOf({ value: given })
      given.fill(0)
      assert.equal(textOf(await store.read(verb === 'replace' ? 'k' : 'l')), written)
    }
    const mark = markUntil(after(MINUTE))
    await store.destroy('l', { mark })
    mark.value.fill(0)
    assert.equal(textOf(await store.read('l')), 'ended:1')
  })
}
