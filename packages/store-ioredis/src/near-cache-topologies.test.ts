import { setTimeout as sleep } from 'node:timers/promises'
import type { WatchableStore } from '@tegata/core'
import { nearCache } from '@tegata/store-redis'
import { clusterOrSkip, countStaleReads, sentinelsOrSkip } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { ioredisStore } from './index.ts'

const MAX_STALE = 300

/** A near cache that tells how often it asked its store, and a reader of counts. */
function reading(store: WatchableStore) {
  let asked = 0
  const read: WatchableStore['read'] = (...args) => {
    asked++
    return store.read(...args)
  }
  const near = nearCache({ ...store, read }, { maxStale: MAX_STALE / 1000 })
  onTestFinished(() => near.close())
  let last = 0
  return {
    /** What was found; while Redis is away, what was found last. */
    async count(key: string): Promise<number> {
      const found = await near.read(key).catch(() => undefined)
      if (found && 'value' in found) last = Number(new TextDecoder().decode(found.value))
      return last
    },
    hot: (key: string) =>
      expect
        .poll(
          async () => {
            const before = asked
            const found = await near.read(key).catch(() => null)
            return found !== null && asked === before
          },
          { timeout: 15_000, interval: 5 },
        )
        .toBe(true),
  }
}

await clusterOrSkip('nearCache on a Cluster', (cluster) => {
  function connect() {
    const [client, direct] = [new Cluster(cluster.nodes), new Cluster(cluster.nodes)]
    onTestFinished(() => {
      client.disconnect()
      direct.disconnect()
    })
    return { client, direct }
  }

  test('remembers sessions of every primary, and forgets those that change', async () => {
    const { client, direct } = connect()
    const { hot, count } = reading(ioredisStore(client))
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`)
    const holders = new Set(await Promise.all(keys.map((key) => cluster.primaryOf(key))))
    expect(holders.size).toBe(3)
    for (const key of keys) await direct.set(key, '1', 'PX', 60_000)
    for (const key of keys) await hot(key)
    for (const key of keys) await direct.set(key, '2', 'PX', 60_000)
    for (const key of keys) await expect.poll(() => count(key), { timeout: MAX_STALE }).toBe(2)
  })

  test('does not connect a client that the application has not connected', async () => {
    const client = new Cluster(cluster.nodes, { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    const near = nearCache(ioredisStore(client))
    onTestFinished(() => near.close())
    await sleep(200)
    expect(client.status).toBe('wait')
  })

  test('misses no write for longer than maxStale while slots are moved back and forth', async () => {
    const { client, direct } = connect()
    const { hot, count } = reading(ioredisStore(client))
    await direct.set('k', '0', 'PX', 60_000)
    await hot('k')
    const from = await cluster.primaryOf('k')
    const slot = Number(await from.cli('cluster', 'keyslot', 'k'))
    const [to] = (await cluster.primaries()).filter((server) => server !== from)
    const { reads, stale } = await countStaleReads({
      write: (n) => direct.set('k', String(n), 'PX', 60_000),
      read: () => count('k'),
      maxStale: MAX_STALE,
      during: (async () => {
        for (const server of [to, from, to]) {
          await cluster.migrateSlot(slot, server ?? expect.fail('no other primary'))
          await sleep(MAX_STALE)
        }
      })(),
    })
    expect(reads).toBeGreaterThan(10)
    expect(stale).toBe(0)
    await hot('k')
  })

  test('misses no write for longer than maxStale while a primary dies, and remembers again', async () => {
    const { client, direct } = connect()
    const { hot, count } = reading(ioredisStore(client))
    await direct.set('k', '0', 'PX', 60_000)
    await hot('k')
    // Clients give up on a write while nobody takes it.
    const write = async (n: number): Promise<unknown> =>
      direct.set('k', String(n), 'PX', 60_000).catch(async () => {
        await sleep(20)
        return write(n)
      })
    const { stale } = await countStaleReads({
      write,
      read: () => count('k'),
      maxStale: MAX_STALE,
      // Once reads and writes are on their way.
      during: sleep(100).then(async () => cluster.failOver(await cluster.primaryOf('k'))),
    })
    expect(stale).toBe(0)
    await hot('k')
  })

  test('misses no write for longer than maxStale while a slot moves to a node that was not there before', async () => {
    const { client, direct } = connect()
    const { hot, count } = reading(ioredisStore(client))
    await direct.set('k', '0', 'PX', 60_000)
    await hot('k')
    const from = await cluster.primaryOf('k')
    const slot = await from.cli('cluster', 'keyslot', 'k')
    // It serves what has arrived while no list of slots names it. The cluster has a replica less after this, so it comes last.
    const primaries = await cluster.primaries()
    const newcomer =
      cluster.servers.find((server) => !primaries.includes(server)) ?? expect.fail('no replica')
    const [fromId, newId] = await Promise.all([from, newcomer].map((server) => server.cli('cluster', 'myid')))
    await newcomer.cli('cluster', 'reset', 'soft')
    await newcomer.cli('cluster', 'meet', '127.0.0.1', String(from.port))
    const lineOfIt = async () =>
      (await from.cli('cluster', 'nodes')).split('\n').find((line) => line.startsWith(newId as string))
    await expect.poll(lineOfIt, { timeout: 10_000 }).toMatch(/ master .* connected$/)
    await newcomer.cli('cluster', 'setslot', slot, 'importing', fromId as string)
    await from.cli('cluster', 'setslot', slot, 'migrating', newId as string)
    await from.cli('migrate', '127.0.0.1', String(newcomer.port), 'k', '0', '5000')
    const { reads, stale } = await countStaleReads({
      write: (n) => direct.set('k', String(n), 'PX', 60_000),
      read: () => count('k'),
      maxStale: MAX_STALE,
      during: sleep(3 * MAX_STALE),
    })
    expect(reads).toBeGreaterThan(10)
    expect(stale).toBe(0)
    // It is watched by now.
    await hot('k')
  })
})

await sentinelsOrSkip('nearCache under Sentinels', (sentinels) => {
  test('misses no write for longer than maxStale while the primary dies, and remembers again', async () => {
    const options = () => ({ sentinels: sentinels.nodes, name: sentinels.name })
    const [client, direct] = [new Redis(options()), new Redis(options())]
    for (const one of [client, direct]) one.on('error', () => {})
    onTestFinished(() => {
      client.disconnect()
      direct.disconnect()
    })
    const { hot, count } = reading(ioredisStore(client))
    await direct.set('k', '0', 'PX', 60_000)
    await hot('k')
    const { stale } = await countStaleReads({
      write: (n) => direct.set('k', String(n), 'PX', 60_000),
      read: () => count('k'),
      maxStale: MAX_STALE,
      during: sleep(100).then(() => sentinels.failOver()),
    })
    expect(stale).toBe(0)
    await hot('k')
  })
})
