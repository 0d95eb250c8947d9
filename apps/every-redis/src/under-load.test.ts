import { setTimeout as sleep } from 'node:timers/promises'
import { clusterOrSkip, redisOrSkip } from '@tegata/test-servers'
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
      expect(killed).toBeGreaterThan(5)
      await expectTrueBooks(visitors)
      await visitors[0]?.count()
      expect(visitors[0]?.counted).toBeGreaterThan(1)
    })
  })
})

await clusterOrSkip('while sixteen visitors count in a cluster', (cluster) => {
  describe.each(Object.entries(clusterClients))('through %s', (_, open) => {
    test('slots move between primaries (MOVED, ASK), and nobody notices', async () => {
      opened = await open(cluster)
      const visitors = await visitorsOf(sessionsOn(opened.store), VISITORS)
      let moved = 0
      const migrations = async () => {
        const primaries = await cluster.primaries()
        for await (const key of opened.store.keys('tegata:')) {
          const from = await cluster.primaryOf(key)
          const to = primaries.find((candidate) => candidate !== from)
          const slot = Number(await from.cli('cluster', 'keyslot', key))
          await cluster.migrateSlot(slot, to ?? expect.fail('no other primary'))
          if (++moved === VISITORS) break
        }
      }
      await whileCounting(visitors, migrations, true)
      expect(moved).toBe(VISITORS)
      expect(visitors.flatMap(({ failures }) => failures)).toEqual([])
      await expectTrueBooks(visitors)
    })
  })
})
