import { clusterOrSkip, sentinelsOrSkip, until } from '@tegata/test-servers'
import { createClient, createCluster, createSentinel } from 'redis'
import { describe, expect, test } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

const bytes = (text: string) => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

/** Every verb, by a client that was told to read from replicas; every server's record of what it was asked. */
async function work(client: Client): Promise<void> {
  client.on('error', () => {})
  await client.connect()
  if ('replicas' in client) expect(client.replicas).toHaveLength(3)
  const store = nodeRedisStore(client)
  for (let i = 0; i < 10; i++) {
    await store.create(`k${i}`, bytes('A'), later())
    expect(await store.read(`k${i}`)).toMatchObject({ value: bytes('A') })
    await store.replace(`k${i}`, bytes('B'), later(), { whole: bytes('A') })
    await store.touch(`k${i}`, later())
    await store.rotate(`k${i}`, `n${i}`, bytes('C'), later(), { whole: bytes('B') })
  }
  const keys: string[] = []
  for await (const key of store.keys('n')) keys.push(key)
  expect(keys).toHaveLength(10)
  for (const key of keys) expect(await store.destroy(key)).toBe(true)
  client.destroy()
}

const OURS = ['GET', 'EVAL', 'EVALSHA', 'SCAN', 'UNLINK']

await clusterOrSkip('a Cluster client with useReplicas', (cluster) => {
  test('asks no replica: one that lags would look like a logout', async () => {
    const primaries = await cluster.primaries()
    const replicas = cluster.servers.filter((server) => !primaries.includes(server))
    await until('clients are told of the replicas, which they are when those have something', async () => {
      for (const [i, primary] of primaries.entries()) await primary.cli('publish', `any${i}`, 'message')
      const slots = await Promise.all(cluster.servers.map((server) => server.cli('cluster', 'slots')))
      return slots.every((told) => replicas.every(({ port }) => told.includes(String(port))))
    })
    const monitors = await Promise.all(replicas.map((replica) => replica.monitor()))
    await work(createCluster({ useReplicas: true, rootNodes: cluster.nodes.map((socket) => ({ socket })) }))
    for (const monitor of monitors) {
      const commands = await monitor.commands()
      // What its primary has written comes by itself, UNLINK included.
      expect(commands.filter(({ name }) => OURS.includes(name) && name !== 'UNLINK')).toEqual([])
    }
  })
})

await sentinelsOrSkip('a Sentinel client with a pool of replicas', (sentinels) => {
  test('asks no replica: one that lags would look like a logout', async () => {
    const primary = await sentinels.primary()
    const replicas = sentinels.servers.filter((server) => server !== primary)
    const monitors = await Promise.all(replicas.map((replica) => replica.monitor()))
    await work(
      createSentinel({ replicaPoolSize: 1, name: sentinels.name, sentinelRootNodes: sentinels.nodes }),
    )
    for (const monitor of monitors) {
      const commands = await monitor.commands()
      expect(commands.filter(({ name }) => OURS.includes(name) && name !== 'UNLINK')).toEqual([])
    }
  })
})

describe('nodeRedisStore', () => {
  test('refuses a client of a replica', () => {
    expect(() => nodeRedisStore(createClient({ readonly: true }))).toThrow(TypeError)
  })

  test('says so when it is given something else than a client', () => {
    const url: unknown = 'redis://localhost'
    expect(() => nodeRedisStore(url as NodeRedisClient)).toThrow(TypeError)
  })
})
