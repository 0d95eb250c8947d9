import { setTimeout as sleep } from 'node:timers/promises'
import { clusterOrSkip, type RedisCluster, redisOrSkip } from '@tegata/test-servers'
import { afterEach, describe, expect, test } from 'vitest'
import { clusterClients, type Opened, standaloneClients } from './clients.ts'
import { expectTrueBooks, sessionsOn, visitorsOf, whileCounting } from './visitors.ts'

const VISITORS = 16
let opened: Opened
afterEach(() => opened.close())

await redisOrSkip('while sixteen visitors count', (redis) => {
  describe.each(Object.entries(standaloneClients))('through %s', (_, open) => {
    test('SCRIPT FLUSH goes unnoticed', async () => {
      opened = await open(redis)
      const visitors = await visitorsOf(sessionsOn(opened.store), VISITORS)
      const flushes = async () => {
        for (let i = 0; i < 20; i++) {
          await redis.cli('script', 'flush')
          await sleep(10)
        }
      }
      await whileCounting(visitors, flushes, true)
      expect(visitors.flatMap(({ failures }) => failures)).toEqual([])
      await expectTrueBooks(visitors)
    })

    test('CLIENT KILL of any connection loses no count that was acknowledged, and nobody’s session', async () => {
      opened = await open(redis)
      const visitors = await visitorsOf(sessionsOn(opened.store), VISITORS)
      let killed = 0
      const kills = async () => {
        for (let i = 0; i < 15; i++) {
          const list = await redis.cli('client', 'list', 'type', 'normal')
          const ids = [...list.matchAll(/^id=(\d+).*cmd=(?!client)/gm)].map((match) => match[1] as string)
          const id = ids[i % ids.length]
          if (id !== undefined) killed += Number(await redis.cli('client', 'kill', 'id', id))
          await sleep(60)
        }
      }
      await whileCounting(visitors, kills)
      expect(killed).toBeGreaterThan(2)
      await expectTrueBooks(visitors)
      await visitors[0]?.count()
      expect(visitors[0]?.counted).toBeGreaterThan(1)
    })
  })
})

/** How often the servers of a cluster have answered with an error of this code. */
async function redirections(cluster: RedisCluster, code: 'MOVED' | 'ASK' | 'TRYAGAIN'): Promise<number> {
  const infos = await Promise.all(cluster.servers.map((server) => server.cli('info', 'errorstats')))
  return infos.reduce(
    (sum, info) => sum + Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(info)?.[1] ?? 0),
    0,
  )
}

async function moveSlotOf(cluster: RedisCluster, key: string, meanwhile?: () => Promise<unknown>) {
  const from = await cluster.primaryOf(key)
  const to = (await cluster.primaries()).find((candidate) => candidate !== from)
  const slot = Number(await from.cli('cluster', 'keyslot', key))
  await cluster.migrateSlot(slot, to ?? expect.fail('no other primary'), meanwhile)
}

await clusterOrSkip('in a cluster', (cluster) => {
  describe.each(Object.entries(clusterClients))('through %s', (_, open) => {
    test('slots move between primaries (MOVED, ASK) while visitors count, and nobody notices', {
      timeout: 60_000,
    }, async () => {
      await cluster.flush()
      opened = await open(cluster)
      const sessions = sessionsOn(opened.store)
      const visitors = await visitorsOf(sessions, VISITORS / 2)
      const keys: string[] = []
      for await (const key of opened.store.keys('tegata:')) keys.push(key)
      const movers = await visitorsOf(sessions, VISITORS / 4)
      const [moved, asked] = [await redirections(cluster, 'MOVED'), await redirections(cluster, 'ASK')]
      const migrations = async () => {
        for (const key of keys) await moveSlotOf(cluster, key)
      }
      await whileCounting(movers, () => whileCounting(visitors, migrations), true)
      const all = [...visitors, ...movers]
      expect(all.flatMap(({ failures }) => failures)).toEqual([])
      await expectTrueBooks(all)
      expect(await redirections(cluster, 'MOVED')).toBeGreaterThan(moved)
      expect(await redirections(cluster, 'ASK')).toBeGreaterThan(asked)
    })

    test('every verb works on a key whose slot is on its way', async () => {
      await cluster.flush()
      opened = await open(cluster)
      const { store } = opened
      const bytes = (text: string) => new TextEncoder().encode(text)
      const later = () => Date.now() + 60_000
      await store.create('old', bytes('A'), later())
      let rotating: Promise<unknown> | undefined
      await moveSlotOf(cluster, 'old', async () => {
        expect(await store.read('old')).toMatchObject({ value: bytes('A') })
        expect(await store.touch('old', later())).toBe(true)
        const replaced = await store.replace('old', bytes('B'), later(), { whole: bytes('A') })
        expect(replaced).toEqual({ outcome: 'replaced' })
        // A format without marks: two keys of the slot, of which one is not there (TRYAGAIN) until it has arrived.
        rotating = store.rotate('old', 'new', bytes('C'), later(), { whole: bytes('B') })
        await Promise.race([rotating.catch(() => {}), sleep(100)])
      })
      expect(await rotating).toEqual({ outcome: 'replaced' })
      expect(await store.read('old')).toBeNull()
      expect(await store.read('new')).toMatchObject({ value: bytes('C') })
      expect(await store.destroy('new')).toBe(true)
    })
  })
})
