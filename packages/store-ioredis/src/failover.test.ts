import {
  type ClusterNode,
  clusterOrSkip,
  LossyProxy,
  sentinelsOrSkip,
  underWay,
  until,
} from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { expect, onTestFinished, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  on(event: 'error', listener: () => void): unknown
  disconnect(): void
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

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

const lateElection = ['--cluster-node-timeout', '60000']

await clusterOrSkip(
  'a write that a primary of a Cluster made before it died is not called refused, whatever the others say, by',
  (cluster) => {
    test.each<[string, (nodes: ClusterNode[], natMap: Record<string, ClusterNode>) => Client]>([
      ['ioredis 5', (nodes, natMap) => new Cluster5(nodes, { natMap })],
      ['ioredis 6', (nodes, natMap) => new Cluster6(nodes, { natMap })],
    ])('%s', async (_, create) => {
      const proxy = await new LossyProxy(cluster.servers).open()
      const client = create(proxy.nodes, proxy.addressMap)
      client.on('error', () => {})
      onTestFinished(() => {
        client.disconnect()
        proxy.close()
      })
      const store = ioredisStore(client)
      const keys = Array.from({ length: 20 }, (_, i) => `{k}${i}`)
      await Promise.all(keys.map((key) => store.create(key, utf8('A'), later())))
      const primary = await cluster.primaryOf('{k}')
      proxy.lose(/eval/i)
      const replace = (key: string) => store.replace(key, utf8('B'), later(), { stamp: utf8('A') })
      const lost = underWay(Promise.all(keys.map((key) => replace(key).catch(({ outcome }) => outcome))))
      await until('the reply is lost', async () => proxy.lost > 0)
      await primary.kill()
      expect(await lost).toEqual(keys.map(() => 'unknown'))
      await primary.start()
      await cluster.whole()
    })
  },
  lateElection,
)

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
