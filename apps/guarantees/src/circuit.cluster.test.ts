import type { SessionStore } from '@tegata/core'
import { clusterOrSkip, type RedisServer } from '@tegata/test-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenStore, ofCluster } from './clients.ts'

const COMMAND_TIMEOUT_MS = 200
const failedFast = { code: 'STORE_UNAVAILABLE', cause: { name: 'NoAnswerError' } }

await clusterOrSkip(
  'a Cluster one primary of which does not answer',
  (cluster) => {
    describe.each(Object.entries(ofCluster))('through %s', (_, connect) => {
      let open: OpenStore
      let store: SessionStore
      let silent: RedisServer
      let others: string[]
      beforeEach(async () => {
        open = await connect(cluster, { commandTimeout: COMMAND_TIMEOUT_MS / 1000 })
        store = open.store
        silent = await cluster.primaryOf('k')
        const keys = Array.from({ length: 40 }, (_, i) => `other-${i}`)
        const holders = await Promise.all(keys.map((key) => cluster.primaryOf(key)))
        others = keys.filter((_, i) => holders[i] !== silent)
        // Every primary has been talked to.
        for (const key of ['k', ...others]) expect(await store.read(key)).toBeNull()
      })
      afterEach(() => {
        silent.thaw()
        open.close()
      })

      test('loses the sessions that lie there, and no other', async () => {
        silent.freeze()
        for (let round = 0; round < 3; round++) {
          const refused = () => expect(store.read('k')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
          await Promise.all(Array.from({ length: 5 }, refused))
          for (const key of others) expect(await store.read(key)).toBeNull()
        }
        await expect(store.read('k')).rejects.toMatchObject(failedFast)
        silent.thaw()
        const isBack = () => store.read('k').then((found) => found === null)
        await expect.poll(() => isBack().catch(() => false), { timeout: 2000 }).toBe(true)
      })
    })
  },
  // Nobody is promoted meanwhile.
  ['--cluster-node-timeout', '60000'],
)

await clusterOrSkip('a Cluster one primary of which hangs until its replica takes over', (cluster) => {
  test.each(Object.entries(ofCluster))('serves its sessions again through %s', async (_, connect) => {
    const { store, close } = await connect(cluster, { commandTimeout: COMMAND_TIMEOUT_MS / 1000 })
    expect(await store.read('k')).toBeNull()
    const hanging = await cluster.primaryOf('k')
    try {
      hanging.freeze()
      await expect(store.read('k')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      const isBack = () => store.read('k').then((found) => found === null)
      await expect.poll(() => isBack().catch(() => false), { timeout: 15_000 }).toBe(true)
    } finally {
      hanging.thaw()
      close()
    }
    await cluster.whole()
  })
})
