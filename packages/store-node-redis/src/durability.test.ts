import { setTimeout as sleep } from 'node:timers/promises'
import type { EnumerableStore } from '@tegata/core'
import { clusterOrSkip, redisOrSkip, sentinelsOrSkip, TcpProxy } from '@tegata/test-servers'
import * as redis6 from 'redis'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'
import * as redis5 from './testing.ts'

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

function waitsForReplicas(title: string, create: () => Client | Promise<Client>) {
  describe(title, () => {
    let client: Client
    async function open(replicas: number): Promise<EnumerableStore> {
      client = await create()
      client.on('error', () => {})
      await client.connect()
      return nodeRedisStore(client, { durability: { replicas, timeout: 0.05 } })
    }
    afterEach(() => void client.destroy())

    test('confirms what the replica has', async () => {
      const store = await open(1)
      const key = `${title} 1`
      expect(await store.create(key, utf8('A'), later())).toBe(true)
      expect(await store.rotate(key, `${key}, new`, utf8('B'), later(), { whole: utf8('A') })).toEqual({
        outcome: 'replaced',
      })
      expect(await store.destroy(`${key}, new`)).toBe(true)
    })

    test('confirms nothing that fewer have than were asked for', async () => {
      const store = await open(9)
      const made = store.create(`${title} 2`, utf8('A'), later())
      await expect(made).rejects.toMatchObject({ outcome: 'unconfirmed' })
      expect(await store.read(`${title} 2`)).toEqual({ value: utf8('A') })
    })
  })
}

await sentinelsOrSkip('durability under Sentinels', (sentinels) => {
  const options = () => ({ name: sentinels.name, sentinelRootNodes: sentinels.nodes })
  const url = async () => ({ url: (await sentinels.primary()).url })
  waitsForReplicas('node-redis 5, sentinel with a client to spare', () =>
    redis5.createSentinel({ ...options(), masterPoolSize: 2 }),
  )
  waitsForReplicas('node-redis 6, sentinel', () => redis6.createSentinel(options()))
  waitsForReplicas('node-redis 5, client', async () => redis5.createClient(await url()))
  waitsForReplicas('node-redis 5, pool', async () => redis5.createClientPool(await url()))
  waitsForReplicas('node-redis 6, client', async () => redis6.createClient(await url()))
  waitsForReplicas('node-redis 6, pool', async () => redis6.createClientPool(await url()))
})

await clusterOrSkip('durability in a Cluster', (cluster) => {
  const options = () => ({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
  waitsForReplicas('node-redis 5', () => redis5.createCluster(options()))
  waitsForReplicas('node-redis 6', () => redis6.createCluster(options()))
})

await redisOrSkip('a connection that asks for replicas, of', (redis) => {
  const options = ({ port }: TcpProxy) => ({ socket: { port, reconnectStrategy: () => 20 } })
  test.each<[string, (proxy: TcpProxy) => Client]>([
    ['node-redis 5', (proxy) => redis5.createClient(options(proxy))],
    ['node-redis 6', (proxy) => redis6.createClient(options(proxy))],
  ])('%s, ends with the client, also before it has come about', async (_, create) => {
    const proxy = await TcpProxy.open(redis.port)
    onTestFinished(() => proxy.stop())
    const client = create(proxy)
    client.on('error', () => {})
    await client.connect()
    const store = nodeRedisStore(client, { durability: { replicas: 1, timeout: 0.05 } })
    proxy.accepts = 'none'
    await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject({ outcome: 'unknown' })
    client.destroy()
    proxy.accepts = 'all'
    const { length } = proxy.lines
    await sleep(300)
    expect(proxy.lines).toHaveLength(length)
  })
})
