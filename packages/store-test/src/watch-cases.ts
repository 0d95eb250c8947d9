import { strict as assert } from 'node:assert'
import type { KeyWatch, WatchableStore } from '@tegata/core'
import type { Contract, ReadyFixture } from './store-fixture.ts'
import { bytes, fields, markUntil, sliding, whole } from './values.ts'

const MINUTE = 60_000

interface Watching {
  watch: KeyWatch
  /** What was told since the last call, once everything has been. */
  told(): Promise<Set<string>>
}

async function watching(store: WatchableStore, prefix: string): Promise<Watching> {
  let told = new Set<string>()
  let watch: KeyWatch | undefined
  await new Promise<void>((resolve) => {
    watch = store.watch(prefix, { begun: resolve, changed: (key) => told.add(key), broken: () => {} })
  })
  assert.ok(watch)
  const begun = watch
  return {
    watch: begun,
    async told() {
      await begun.settled()
      const last = told
      told = new Set()
      return last
    },
  }
}

export function testWatching(contract: Contract): void {
  function watchCase(title: string, run: (fixture: ReadyFixture, store: WatchableStore) => Promise<void>) {
    contract(title, (fixture) => run(fixture, fixture.store as WatchableStore), 'watch')
  }

  watchCase('watch tells of every verb that changes a key, whoever calls it', async (fixture, store) => {
    const { after, now, another } = fixture
    const { watch, told } = await watching(store, 'w:')
    for (const writer of [store, await another()]) {
      const verbs: [() => Promise<unknown>, ...string[]][] = [
        [() => writer.create('w:1', bytes('A'), after(MINUTE)), 'w:1'],
        [() => writer.replace('w:1', bytes('B'), after(MINUTE), whole('A')), 'w:1'],
        [() => writer.touch('w:1', after(2 * MINUTE)), 'w:1'],
        [() => writer.rotate('w:1', 'w:2', bytes('C'), after(MINUTE), whole('B')), 'w:1', 'w:2'],
        [() => writer.destroy('w:2', { mark: markUntil(after(MINUTE)) }), 'w:2'],
        [() => writer.destroy('w:2'), 'w:2'],
        [() => writer.create('w:3', sliding(60, after(10 * MINUTE)), after(MINUTE / 2)), 'w:3'],
        [() => writer.read('w:3', { extend: { fields, now: now(), touchAfter: 0 } }), 'w:3'],
        [() => writer.touch('w:3', now()), 'w:3'],
      ]
      for (const [verb, ...keys] of verbs) {
        await verb()
        assert.deepEqual([...(await told())].sort(), keys)
      }
    }
    watch.close()
  })

  watchCase(
    'watch tells of a key that its deadline ended',
    async ({ store: writer, after, advance }, store) => {
      const { watch, told } = await watching(store, 'w:')
      await writer.create('w:1', bytes('A'), after(20))
      await told()
      await advance(30)
      // A store may notice only when somebody looks.
      await writer.read('w:1')
      assert.ok((await told()).has('w:1'))
      watch.close()
    },
  )

  watchCase('watch tells of no other keys, nor of reads and refused writes', async ({ after }, store) => {
    await store.create('w:1', bytes('A'), after(MINUTE))
    const { watch, told } = await watching(store, 'w:')
    await store.create('x:1', bytes('A'), after(MINUTE))
    await store.read('w:1')
    await store.create('w:1', bytes('B'), after(MINUTE))
    await store.replace('w:1', bytes('B'), after(MINUTE), whole('other'))
    await store.touch('w:2', after(MINUTE))
    assert.deepEqual(await told(), new Set())
    watch.close()
  })

  watchCase('watch tells nothing once it is closed', async ({ after }, store) => {
    const closed = await watching(store, 'w:')
    const open = await watching(store, 'w:')
    closed.watch.close()
    await store.create('w:1', bytes('A'), after(MINUTE))
    assert.deepEqual(await open.told(), new Set(['w:1']))
    await assert.rejects(closed.watch.settled())
    open.watch.close()
  })
}
