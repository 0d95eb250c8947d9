import { strict as assert } from 'node:assert'
import type { IndexEntry, IndexedStore } from '@tegata/core'
import type { Contract, ReadyFixture } from './store-fixture.ts'
import { bytes, fields, markUntil, sliding, stamp, whole } from './values.ts'

const MINUTE = 60_000
const SHORTLY = 30

const indexedOf = ({ store }: Pick<ReadyFixture, 'store'>) => store as IndexedStore

/** Keys of an index, the lowest rank first, each with its note. */
async function listed(store: IndexedStore, index = 'i'): Promise<string[]> {
  const members = await store.members(index)
  return members.sort((a, b) => a.rank - b.rank).map(({ key, note }) => `${key} ${note}`)
}

export function testOwners(contract: Contract): void {
  /** A case on a store that lists keys. */
  const indexing = (
    title: string,
    run: (
      store: IndexedStore,
      fixture: ReadyFixture,
      entry: (note: string, more?: Partial<IndexEntry>) => IndexEntry,
    ) => Promise<void>,
  ) =>
    contract(
      title,
      (fixture) =>
        run(indexedOf(fixture), fixture, (note, more) => ({
          key: 'i',
          note,
          expiresAt: fixture.after(MINUTE),
          ...more,
        })),
      'owners',
    )

  indexing('an index that nothing was written for has no members', async (store) => {
    assert.deepEqual(await store.members('i'), [])
    await store.removeMembers('i', ['k'])
    assert.deepEqual(await store.members('i'), [])
  })

  indexing(
    'what create writes is in its index by the time it answers, the later with the higher rank',
    async (store, { after, another }, entry) => {
      const other = (await another()) as IndexedStore
      for (let n = 0; n < 8; n++) {
        const writer = n % 2 ? other : store
        await writer.create(`k${n}`, bytes('A'), after(MINUTE), { index: entry(`note ${n}`) })
        const expected = Array.from({ length: n + 1 }, (_, i) => `k${i} note ${i}`)
        assert.deepEqual(await listed(store), expected)
        assert.deepEqual(await listed(other), expected)
      }
      assert.equal(new Set((await store.members('i')).map(({ rank }) => rank)).size, 8)
    },
  )

  indexing(
    'create that is called again, as its reply was lost, keeps the rank',
    async (store, { after }, entry) => {
      const create = (key: string) =>
        store.create(key, bytes('A'), after(MINUTE), { index: entry('n', { expiresAt: after(MINUTE) }) })
      for (const key of ['k', 'l', 'k']) assert.equal(await create(key), true)
      assert.deepEqual(await listed(store), ['k n', 'l n'])
    },
  )

  indexing('create that finds the key taken enters nothing', async (store, { after }, entry) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(await store.create('k', bytes('B'), after(MINUTE), { index: entry('n') }), false)
    assert.deepEqual(await store.members('i'), [])
  })

  indexing('indexes do not see each other', async (store, { after }, entry) => {
    await store.create('k', bytes('A'), after(MINUTE), { index: entry('n') })
    await store.create('l', bytes('A'), after(MINUTE), { index: entry('n', { key: 'j' }) })
    for (const key of ['I', 'ij', ' i', 'i '])
      await store.create(`in ${key}`, bytes('A'), after(MINUTE), { index: entry('n', { key }) })
    assert.deepEqual([await listed(store, 'i'), await listed(store, 'j')], [['k n'], ['l n']])
    await store.removeMembers('i', ['l'])
    assert.deepEqual(await listed(store, 'j'), ['l n'])
  })

  indexing(
    'a key is listed above all that were there before, also those that ended',
    async (store, fixture, entry) => {
      const { after } = fixture
      const create = async (key: string) => {
        await store.create(key, bytes('A'), after(MINUTE), { index: entry('n') })
        return (await store.members('i')).find((member) => member.key === key)?.rank as number
      }
      await create('k')
      let highest = await create('l')
      for (const [n, end] of [() => store.destroy('l'), () => store.touch('m0', 0)].entries()) {
        await end()
        const rank = await create(`m${n}`)
        assert.ok(rank > highest, `${rank}, not above ${highest}`)
        highest = rank
      }
    },
  )

  indexing('replace and rotate that are refused enter nothing', async (store, { after }, entry) => {
    for (const key of ['k', 'taken']) await store.create(key, bytes('A'), after(MINUTE))
    const index = entry('n')
    await store.replace('k', bytes('B'), after(MINUTE), whole('else'), { index })
    await store.replace('none', bytes('B'), after(MINUTE), undefined, { index })
    await store.rotate('k', 'l', bytes('B'), after(MINUTE), whole('else'), { index })
    await store.rotate('k', 'taken', bytes('B'), after(MINUTE), whole('A'), { index })
    const living = []
    for (const { key } of await store.members('i')) if (await store.read(key)) living.push(key)
    assert.deepEqual(living, [])
  })

  indexing(
    'a write takes the key into another index, with the note that it brings',
    async (store, fixture, entry) => {
      const { after } = fixture
      await store.create('k', bytes('A'), after(MINUTE), { index: entry('before') })
      await store.create('l', bytes('A'), after(MINUTE), { index: entry('l') })
      await store.replace('k', bytes('B'), after(MINUTE), whole('A'), { index: entry('after') })
      assert.deepEqual(await listed(store), ['k after', 'l l'])
      const index = entry('moved', { keepsRank: true })
      await store.rotate('k', 'm', bytes('C'), after(MINUTE), whole('B'), { index })
      assert.deepEqual(
        (await listed(store)).filter((text) => !text.startsWith('k')),
        ['m moved', 'l l'],
      )
      await store.replace('m', bytes('D'), after(MINUTE), whole('C'), { index: entry('other', { key: 'j' }) })
      assert.deepEqual(await listed(store, 'j'), ['m other'])
    },
  )

  for (const marked of [false, true]) {
    const leaving = marked ? ', leaving a mark' : ''
    const rotating = (fixture: ReadyFixture, index: IndexEntry) => ({
      index,
      ...(marked && { mark: markUntil(fixture.after(MINUTE)) }),
    })

    indexing(`rotate${leaving} enters the new key, with a rank of its own`, async (store, fixture, entry) => {
      const { after } = fixture
      await store.create('k', bytes('A'), after(MINUTE), { index: entry('k') })
      await store.create('l', bytes('A'), after(MINUTE), { index: entry('l') })
      await store.rotate('k', 'm', bytes('B'), after(MINUTE), stamp('A'), rotating(fixture, entry('m')))
      assert.deepEqual((await listed(store)).slice(-2), ['l l', 'm m'])
    })

    indexing(`rotate${leaving} that keeps the rank puts the new key there`, async (store, fixture, entry) => {
      const { after } = fixture
      await store.create('k', bytes('A'), after(MINUTE), { index: entry('k') })
      const rank = (await store.members('i'))[0]?.rank
      await store.create('l', bytes('A'), after(MINUTE), { index: entry('l') })
      const options = rotating(fixture, entry('m', { keepsRank: true }))
      const rotate = () => store.rotate('k', 'm', bytes('B'), after(MINUTE), whole('A'), options)
      // The second time as if the reply had been lost.
      for (const call of [rotate, rotate]) assert.deepEqual(await call(), { outcome: 'replaced' })
      const members = await store.members('i')
      assert.equal(members.find(({ key }) => key === 'm')?.rank, rank)
      assert.equal((await listed(store)).at(-1), 'l l')
    })

    indexing(
      `rotate${leaving} that is refused leaves the old key in the index`,
      async (store, fixture, entry) => {
        const { after } = fixture
        await store.create('k', bytes('A'), after(MINUTE), { index: entry('k') })
        await store.create('taken', bytes('A'), after(MINUTE))
        const options = rotating(fixture, entry('m', { keepsRank: true }))
        const refused = [
          await store.rotate('k', 'm', bytes('B'), after(MINUTE), stamp('X'), options),
          await store.rotate('k', 'taken', bytes('B'), after(MINUTE), stamp('A'), options),
        ]
        assert.equal(
          refused.some((answer) => 'outcome' in answer && answer.outcome === 'replaced'),
          false,
        )
        assert.ok((await listed(store)).includes('k k'))
      },
    )
  }

  indexing('rotate of a key that no index lists enters the new one', async (store, { after }, entry) => {
    await store.create('k', bytes('A'), after(MINUTE))
    const index = entry('l', { keepsRank: true })
    await store.rotate('k', 'l', bytes('B'), after(MINUTE), stamp('A'), { index })
    assert.deepEqual(await listed(store), ['l l'])
  })

  indexing(
    'replace enters a key that was not listed, and keeps the rank of one that was',
    async (store, { after }, entry) => {
      for (const key of ['k', 'l']) await store.create(key, bytes('A'), after(MINUTE))
      for (const key of ['k', 'l', 'k'])
        await store.replace(key, bytes('A'), after(MINUTE), undefined, { index: entry('n') })
      assert.deepEqual(await listed(store), ['k n', 'l n'])
    },
  )

  indexing(
    'a write without an index leaves a key where it is listed',
    async (store, { after, now }, entry) => {
      await store.create('k', bytes('A'), after(MINUTE), { index: entry('n') })
      const value = sliding(60, after(10 * MINUTE))
      await store.replace('k', value, after(2 * MINUTE), stamp('A'))
      await store.touch('k', after(5 * MINUTE))
      await store.create('k', value, after(MINUTE))
      await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } })
      assert.deepEqual(await listed(store), ['k n'])
    },
  )

  indexing('removeMembers takes out these and no others', async (store, { after }, entry) => {
    const keys = Array.from({ length: 1200 }, (_, i) => `k${i}`)
    await Promise.all(keys.map((key) => store.create(key, bytes('A'), after(MINUTE), { index: entry('n') })))
    assert.equal((await store.members('i')).length, keys.length)
    await store.removeMembers('i', [...keys.slice(1), 'never there'])
    assert.deepEqual(await listed(store), ['k0 n'])
    await store.removeMembers('i', ['k0'])
    assert.deepEqual(await store.members('i'), [])
    assert.ok(await store.read('k0'))
  })

  indexing(
    'a living key stays listed until its entry ends, whoever comes after it',
    async (store, fixture, entry) => {
      const { after, advance } = fixture
      await store.create('k', bytes('A'), after(MINUTE), { index: entry('k') })
      for (let n = 0; n < 20; n++) {
        const expiresAt = after(SHORTLY)
        await store.create(`l${n}`, bytes('A'), expiresAt, { index: entry('l', { expiresAt }) })
      }
      await advance(SHORTLY + 1)
      await store.create('m', bytes('A'), after(MINUTE), { index: entry('m') })
      const there = await listed(store)
      assert.deepEqual([there[0], there.at(-1)], ['k k', 'm m'])
    },
  )

  indexing('an index is gone with its last entry', async (store, { after, advance }, entry) => {
    for (const key of ['k', 'l']) {
      const expiresAt = after(SHORTLY)
      await store.create(key, bytes('A'), expiresAt, { index: entry('n', { expiresAt }) })
    }
    await advance(SHORTLY + 1)
    assert.deepEqual(await store.members('i'), [])
  })

  indexing(
    'keys that are written at the same time are all listed, each with another rank',
    async (_, fixture, entry) => {
      const { after, another } = fixture
      const stores = [await another(), await another(), await another()] as IndexedStore[]
      const writes = Array.from({ length: 30 }, (_, n) =>
        (stores[n % 3] as IndexedStore).create(`k${n}`, bytes('A'), after(MINUTE), { index: entry('n') }),
      )
      await Promise.all(writes)
      const members = await (stores[0] as IndexedStore).members('i')
      assert.equal(members.length, 30)
      assert.equal(new Set(members.map(({ rank }) => rank)).size, 30)
    },
  )

  indexing(
    'whoever finds a listed key gone finds in the index where a rotation put it',
    async (store, fixture, entry) => {
      const { after } = fixture
      const reader = (await fixture.another()) as IndexedStore
      await store.create('k0', bytes('v0'), after(MINUTE), { index: entry('n') })
      let isOver = false
      const rotateOften = async () => {
        for (let n = 0; n < 60; n++) {
          const index = entry('n', { keepsRank: true })
          await store.rotate(`k${n}`, `k${n + 1}`, bytes(`v${n + 1}`), after(MINUTE), whole(`v${n}`), {
            index,
          })
        }
      }
      const rotating = rotateOften().finally(() => {
        isOver = true
      })
      // It may fail before it is waited for.
      rotating.catch(() => {})
      const seen = new Set<string>()
      const lookAtNew = async () => {
        let count = 0
        for (const { key } of await reader.members('i')) {
          if (seen.has(key)) continue
          seen.add(key)
          count++
          if ((await reader.read(key)) !== null) return 'alive'
        }
        return count > 0 ? 'gone' : 'nothing new'
      }
      while (!isOver) {
        // The key of the last look may have become another one since: only in a look of its own nothing new is a session lost.
        seen.clear()
        let look = await lookAtNew()
        while (look === 'gone') look = await lookAtNew()
        assert.equal(look, 'alive')
      }
      await rotating
    },
  )
}
