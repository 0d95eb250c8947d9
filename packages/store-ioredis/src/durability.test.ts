import { setTimeout as sleep } from 'node:timers/promises'
import type { EnumerableStore } from '@tegata/core'
import { clusterOrSkip, redisOrSkip, sentinelsOrSkip, underWay } from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  on(event: 'error', listener: () => void): unknown
  disconnect(): void
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

function waitsForReplicas(
  title: string,
  connect: () => Client,
  primary?: () => Promise<{ clients: number }>,
) {
  describe(title, () => {
    let client: Client
    const open = (replicas: number): EnumerableStore => {
      client = connect()
      client.on('error', () => {})
      return ioredisStore(client, { durability: { replicas, timeout: 0.05 } })
    }
    afterEach(() => client.disconnect())

    test('confirms what the replica has', async () => {
      const store = open(1)
      const key = `${title} 1`
      expect(await store.create(key, utf8('A'), later())).toBe(true)
      expect(await store.rotate(key, `${key}, new`, utf8('B'), later(), { whole: utf8('A') })).toEqual({
        outcome: 'replaced',
      })
      expect(await store.destroy(`${key}, new`)).toBe(true)
    })

    test('confirms nothing that fewer have than were asked for', async () => {
      const store = open(9)
      const create = () => store.create(`${title} 2`, utf8('A'), later())
      await expect(create()).rejects.toMatchObject({ outcome: 'unconfirmed' })
      expect(await store.read(`${title} 2`)).toEqual({ value: utf8('A') })
    })

    if (primary) {
      test('ends its connections with the client', async () => {
        const before = (await primary()).clients
        await open(1).destroy(title)
        expect((await primary()).clients).toBeGreaterThan(before)
        client.disconnect()
        await expect.poll(async () => (await primary()).clients).toBe(before)
      })
    }
  })
}

await sentinelsOrSkip('durability under Sentinels', (sentinels) => {
  const options = () => ({ sentinels: sentinels.nodes, name: sentinels.name })
  const primary = async () => {
    const list = await (await sentinels.primary()).cli('client', 'list', 'type', 'normal')
    return { clients: list.split('\n').filter((line) => /name=tegata-test/.test(line)).length }
  }
  const named = () => ({ ...options(), connectionName: 'tegata-test' })
  waitsForReplicas('ioredis 5', () => new Redis5(named()), primary)
  waitsForReplicas('ioredis 6', () => new Redis6(named()), primary)
  waitsForReplicas('ioredis 6 with a prefix', () => new Redis6({ ...options(), keyPrefix: 'app:' }))
})

await clusterOrSkip('durability in a Cluster', (cluster) => {
  waitsForReplicas('ioredis 5', () => new Cluster5(cluster.nodes))
  waitsForReplicas('ioredis 6', () => new Cluster6(cluster.nodes))
  waitsForReplicas('ioredis 6 with a prefix', () => new Cluster6(cluster.nodes, { keyPrefix: 'app:' }))

  test('leaves no listener behind for each connection that was lost', async () => {
    const client = new Cluster6(cluster.nodes)
    onTestFinished(() => client.disconnect())
    const store = ioredisStore(client, { durability: { replicas: 1 } })
    const primary = await cluster.primaryOf('k')
    const loseConnections = async () => {
      const before = client.listenerCount('end')
      await expect.poll(() => store.create('k', utf8('A'), later()).catch(() => false)).toBe(true)
      await primary.killClients()
      return client.listenerCount('end') - before
    }
    await loseConnections()
    for (let again = 0; again < 3; again++) {
      await sleep(100)
      expect(await loseConnections()).toBe(0)
    }
  })
})

await redisOrSkip('a connection that asks for replicas, of', (redis) => {
  test.each<[string, () => Client]>([
    ['ioredis 5', () => new Redis5(redis.url, { connectionName: 'tegata-test' })],
    ['ioredis 6', () => new Redis6(redis.url, { connectionName: 'tegata-test' })],
  ])('%s, is not opened for who still waits when the client ends', async (_, create) => {
    const client = create()
    const store = ioredisStore(client, { durability: { replicas: 1 } })
    const clients = async () => (await redis.cli('client', 'list')).split('name=tegata-test').length - 1
    const first = underWay(store.create('k', utf8('A'), later()).catch(({ outcome }) => outcome))
    await expect.poll(clients).toBe(2)
    const second = underWay(store.create('l', utf8('A'), later()).catch(({ outcome }) => outcome))
    await expect.poll(() => redis.cli('exists', 'l')).toBe('1')
    client.disconnect()
    expect(await Promise.all([first, second])).toEqual(['unknown', 'unknown'])
    await sleep(100)
    expect(await clients()).toBe(0)
  })
})
