import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { WatchableStore } from '@tegata/core'
import { nearCache } from '@tegata/store-redis'
import {
  clusterOrSkip,
  countStaleReads,
  RedisServer,
  redisOrSkip,
  sentinelsOrSkip,
  TcpProxy,
} from '@tegata/test-servers'
import * as redis6 from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'
import * as redis5 from './testing.ts'

const MAX_STALE = 300
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
  readonly isOpen: boolean
}

async function open<C extends Client>(client: C): Promise<C> {
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => {
    if (client.isOpen) client.destroy()
  })
  return client
}

/** A near cache that tells how often it asked its store, with reads and writes of counts. */
async function reading(client: Client, direct: Client, maxStale = MAX_STALE) {
  let asked = 0
  const store = nodeRedisStore(await open(client))
  const read: WatchableStore['read'] = (...args) => {
    asked++
    return store.read(...args)
  }
  const near = nearCache({ ...store, read }, { maxStale: maxStale / 1000 })
  onTestFinished(() => near.close())
  const plain = nodeRedisStore(await open(direct))
  await plain.destroy('k')
  await plain.create('k', utf8('0'), Date.now() + 60_000)
  let last = 0
  return {
    near,
    /** While Redis is away: what was found last. */
    async count(): Promise<number> {
      const found = await near.read('k').catch(() => undefined)
      if (found && 'value' in found) last = Number(new TextDecoder().decode(found.value))
      return last
    },
    async write(count: number): Promise<void> {
      const again = () => plain.replace('k', utf8(String(count)), Date.now() + 60_000).catch(() => undefined)
      while (!(await again())) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    hot: () =>
      expect
        .poll(
          async () => {
            const before = asked
            const found = await near.read('k').catch(() => null)
            return found !== null && asked === before
          },
          { timeout: 15_000, interval: 5 },
        )
        .toBe(true),
  }
}

await redisOrSkip('nearCache', (redis) => {
  const options = (port = redis.port) => ({ url: `redis://127.0.0.1:${port}` })
  const kinds: Record<string, (port?: number) => Client> = {
    'node-redis 5, client': (port) => redis5.createClient(options(port)),
    'node-redis 5, pool': (port) => redis5.createClientPool(options(port)),
    'node-redis 6, client, RESP2': (port) => redis6.createClient({ ...options(port), RESP: 2 }),
    'node-redis 6, client, RESP3': (port) => redis6.createClient({ ...options(port), RESP: 3 }),
    'node-redis 6, client with a cache of its own': (port) =>
      redis6.createClient({ ...options(port), RESP: 3, clientSideCache: { maxEntries: 10 } }),
    'node-redis 6, pool': (port) => redis6.createClientPool(options(port)),
  }

  test.each(Object.entries(kinds))(
    '%s: remembers, forgets what changed, and remembers again',
    async (_, create) => {
      // Far more than the test lasts: what is seen in time was told.
      const { hot, write, count } = await reading(create(), redis6.createClient(options()), 600_000)
      await hot()
      await write(1)
      await expect.poll(count, { timeout: 5000, interval: 1 }).toBe(1)
      await hot()
      await redis.cli('client', 'kill', 'type', 'pubsub')
      await write(2)
      await expect.poll(count, { timeout: 5000, interval: 1 }).toBe(2)
      await hot()
    },
  )

  const connections = async () => (await redis.cli('client', 'list')).split('\n').length

  test.each(Object.entries(kinds))(
    '%s: leaves no connection open that was on its way at close()',
    async (_, create) => {
      const client = await open(create())
      const before = await connections()
      for (let i = 0; i < 5; i++) {
        const near = nearCache(nodeRedisStore(client))
        for (let turn = 0; turn < i; turn++) await setImmediate()
        near.close()
      }
      await sleep(300)
      await expect.poll(connections).toBe(before)
    },
  )

  test.each(Object.entries(kinds))(
    '%s: does not listen to a server that its client has left',
    async (_, create) => {
      const other = new RedisServer()
      await other.start()
      onTestFinished(() => other.stop())
      const way = await TcpProxy.open(redis.port)
      onTestFinished(() => way.stop())
      const { hot, count, near } = await reading(create(way.port), redis6.createClient(options()))
      await hot()
      for (const value of ['1', '2']) {
        await other.cli('set', 'k', value)
        way.target = other.port
        // An address that leads elsewhere now, where connections that stand stay as they are.
        for (const line of way.linesThatSent(/EVAL|GET/)) if (!/BCAST/.test(line.sent)) line.cut()
        await expect.poll(count, { timeout: MAX_STALE * 10, interval: 5 }).toBe(Number(value))
        await hot()
      }
      near.close()
    },
  )

  test('listens to the client once, however many there are, and no more when all are closed', async () => {
    const client = await open(redis6.createClient(options()))
    const before = client.listenerCount('ready')
    const nears = Array.from({ length: 12 }, () => nearCache(nodeRedisStore(client)))
    await sleep(300)
    expect(client.listenerCount('ready')).toBe(before + 1)
    for (const near of nears) near.close()
    expect(client.listenerCount('ready')).toBe(before)
  })

  test.each(Object.entries(kinds))('%s: closes its connection with the client', async (_, create) => {
    const client = create()
    const { hot } = await reading(client, redis6.createClient(options()))
    await hot()
    const trackers = async () =>
      (await redis.cli('client', 'list')).split('\n').filter((line) => / flags=\S*P/.test(line)).length
    expect(await trackers()).toBe(1)
    client.destroy()
    await expect.poll(trackers).toBe(0)
  })
})

await clusterOrSkip('nearCache on a Cluster', (cluster) => {
  const rootNodes = () => cluster.nodes.map((socket) => ({ socket }))
  const kinds: Record<string, () => Client> = {
    'node-redis 5': () => redis5.createCluster({ rootNodes: rootNodes() }),
    'node-redis 6': () => redis6.createCluster({ rootNodes: rootNodes() }),
  }

  test.each(Object.entries(kinds))(
    '%s: misses no write for longer than maxStale while a primary dies, and remembers again',
    async (_, create) => {
      const { hot, write, count } = await reading(create(), create())
      await hot()
      const { reads, stale } = await countStaleReads({
        write,
        read: count,
        maxStale: MAX_STALE,
        // Once reads and writes are on their way.
        during: sleep(100).then(async () => cluster.failOver(await cluster.primaryOf('k'))),
      })
      expect(reads).toBeGreaterThan(10)
      expect(stale).toBe(0)
      await hot()
    },
  )
})

await sentinelsOrSkip('nearCache under Sentinels', (sentinels) => {
  const options = () => ({ name: sentinels.name, sentinelRootNodes: sentinels.nodes })

  test('node-redis 6: misses no write for longer than maxStale while the primary dies, and remembers again', async () => {
    const create = () => redis6.createSentinel(options())
    const { hot, write, count } = await reading(create(), create())
    await hot()
    const { reads, stale } = await countStaleReads({
      write,
      read: count,
      maxStale: MAX_STALE,
      during: sleep(100).then(() => sentinels.failOver()),
    })
    expect(reads).toBeGreaterThan(10)
    expect(stale).toBe(0)
    await hot()
  })

  test('node-redis 6: forgets what changed once it has lost the connection that tells of it', async () => {
    const create = () => redis6.createSentinel(options())
    const { hot, write, count } = await reading(create(), create())
    await hot()
    await (await sentinels.primary()).killClients()
    await write(1)
    await expect.poll(count, { timeout: 5000, interval: 1 }).toBe(1)
    await hot()
  })

  test('node-redis 5: its clients cannot watch, and nearCache says so', async () => {
    const client = await open(redis5.createSentinel(options()))
    expect(() => nearCache(nodeRedisStore(client))).toThrow(TypeError)
  })
})
