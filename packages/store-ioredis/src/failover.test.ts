import { clusterOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { expect, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  on(event: 'error', listener: () => void): unknown
  disconnect(): void
}

/** While the dead one stays away, so that nobody is told by it where to go. */
async function findsTheNewPrimary(
  client: Client,
  failOver: (meanwhile: () => Promise<void>) => Promise<void>,
) {
  client.on('error', () => {})
  const store = ioredisStore(client, { commandTimeout: 0.2 })
  expect(await store.read('k')).toBeNull()
  try {
    await failOver(async () => {
      const isBack = () => store.read('k').then((found) => found === null)
      await expect.poll(() => isBack().catch(() => false), { timeout: 10_000 }).toBe(true)
    })
  } finally {
    client.disconnect()
  }
}

await clusterOrSkip('when a primary of a Cluster dies, the one promoted is found by', (cluster) => {
  test.each([
    ['ioredis 5', () => new Cluster5(cluster.nodes)],
    ['ioredis 6', () => new Cluster6(cluster.nodes)],
  ])('%s', async (_, create) => {
    const primary = await cluster.primaryOf('k')
    await findsTheNewPrimary(create(), (meanwhile) => cluster.failOver(primary, meanwhile))
  })
})

await sentinelsOrSkip('when the primary of Sentinels dies, the one promoted is found by', (sentinels) => {
  const options = () => ({ sentinels: sentinels.nodes, name: sentinels.name })
  test.each([
    ['ioredis 5', () => new Redis5(options())],
    ['ioredis 6', () => new Redis6(options())],
    // Sentinels that disagree at first take their time to try again.
  ])('%s', { timeout: 60_000 }, async (_, create) => {
    await findsTheNewPrimary(create(), (meanwhile) => sentinels.failOver(meanwhile))
  })
})
