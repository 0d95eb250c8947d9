import { clusterOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import * as redis6 from 'redis'
import { expect, test } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'
import * as redis5 from './testing.ts'

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

/** While the dead one stays away, so that nobody is told by it where to go. */
async function findsTheNewPrimary(
  client: Client,
  failOver: (meanwhile: () => Promise<void>) => Promise<void>,
) {
  client.on('error', () => {})
  await client.connect()
  const store = nodeRedisStore(client, { commandTimeout: 0.2 })
  expect(await store.read('k')).toBeNull()
  try {
    await failOver(async () => {
      const isBack = () => store.read('k').then((found) => found === null)
      await expect.poll(() => isBack().catch(() => false), { timeout: 10_000 }).toBe(true)
    })
  } finally {
    client.destroy()
  }
}

await clusterOrSkip('when a primary of a Cluster dies, the one promoted is found by', (cluster) => {
  const options = () => ({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
  test.each([
    ['node-redis 5', () => redis5.createCluster(options())],
    ['node-redis 6', () => redis6.createCluster(options())],
  ])('%s', async (_, create) => {
    const primary = await cluster.primaryOf('k')
    await findsTheNewPrimary(create(), (meanwhile) => cluster.failOver(primary, meanwhile))
  })
})

await sentinelsOrSkip('when the primary of Sentinels dies, the one promoted is found by', (sentinels) => {
  const options = () => ({ name: sentinels.name, sentinelRootNodes: sentinels.nodes })
  test.each([
    ['node-redis 5', () => redis5.createSentinel(options())],
    ['node-redis 6', () => redis6.createSentinel(options())],
    // Sentinels that disagree at first take their time to try again.
  ])('%s', { timeout: 60_000 }, async (_, create) => {
    await findsTheNewPrimary(create(), (meanwhile) => sentinels.failOver(meanwhile))
  })
})
