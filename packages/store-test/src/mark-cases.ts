import { strict as assert } from 'node:assert'
import type { Contract } from './store-fixture.ts'
import { bytes, markUntil, textOf, whole } from './values.ts'

const MINUTE = 60_000

/** What is left where a session ended, so that a late request knows. */
export function testMarks(contract: Contract): void {
  contract('destroy leaves a mark where it is given one', async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(await store.destroy('k', { mark: markUntil(after(MINUTE)) }), true)
    assert.equal(textOf(await store.read('k')), 'ended:1')
  })

  contract('destroy leaves no mark where nothing was', async ({ store, after }) => {
    assert.equal(await store.destroy('k', { mark: markUntil(after(MINUTE)) }), false)
    assert.equal(await store.read('k'), null)
  })

  contract("destroy answers false for another one's mark, and leaves it", async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    await store.destroy('k', { mark: markUntil(after(MINUTE)) })
    assert.equal(await store.destroy('k', { mark: markUntil(after(MINUTE), 'ended:2') }), false)
    assert.equal(textOf(await store.read('k')), 'ended:1')
  })

  contract(
    'destroy that is called again, as its reply was lost, answers as before',
    async ({ store, after }) => {
      await store.create('k', bytes('A'), after(MINUTE))
      const mark = markUntil(after(MINUTE))
      assert.equal(await store.destroy('k', { mark }), true)
      assert.equal(await store.destroy('k', { mark }), true)
    },
  )

  contract('rotate leaves a mark at the old key', async ({ store, after }) => {
    await store.create('old', bytes('A'), after(MINUTE))
    await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'), {
      mark: markUntil(after(MINUTE)),
    })
    assert.equal(textOf(await store.read('old')), 'ended:1')
    assert.equal(textOf(await store.read('new')), 'B')
  })

  contract('rotate with a deadline that is not in the future leaves the mark alone', async (fixture) => {
    const { store, now, after } = fixture
    await store.create('old', bytes('A'), after(MINUTE))
    const mark = markUntil(after(MINUTE))
    const answer = await store.rotate('old', 'new', bytes('B'), now(), whole('A'), { mark })
    assert.deepEqual(answer, { outcome: 'replaced' })
    assert.equal(textOf(await store.read('old')), 'ended:1')
    assert.equal(await store.read('new'), null)
  })

  contract('rotate of a marked key finds it gone', async ({ store, after }) => {
    await store.create('old', bytes('A'), after(MINUTE))
    await store.destroy('old', { mark: markUntil(after(MINUTE)) })
    const options = { mark: markUntil(after(MINUTE), 'ended:2') }
    const answer = await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'), options)
    assert.deepEqual(answer, { outcome: 'gone' })
    assert.equal(await store.read('new'), null)
  })

  contract('replace and create do not write over a mark', async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    await store.destroy('k', { mark: markUntil(after(MINUTE)) })
    const answer = await store.replace('k', bytes('B'), after(MINUTE), whole('A'))
    assert.equal(textOf(answer), 'ended:1')
    assert.equal(await store.create('k', bytes('B'), after(MINUTE)), false)
  })

  contract('a mark goes at its own deadline', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    await store.destroy('k', { mark: markUntil(after(30)) })
    await advance(31)
    assert.equal(await store.read('k'), null)
  })
}
