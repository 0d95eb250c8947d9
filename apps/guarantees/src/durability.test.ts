import { createSessions } from '@tegata/core'
import { clusterOrSkip, type RedisServer, sentinelsOrSkip } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { createClient, createClientPool } from 'redis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenStore, ofCluster, ofIoredis, ofNodeRedis, ofSentinels } from './clients.ts'

const TIMEOUT = 0.3
const durability = { replicas: 1, timeout: TIMEOUT }
const unconfirmed = { code: 'STORE_UNAVAILABLE', outcome: 'unconfirmed' }

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000
const mark = () => ({ value: utf8('ended:1'), expiresAt: later(), lead: utf8('ended:') })

await sentinelsOrSkip(
  'a write that a replica is to have',
  (sentinels) => {
    const url = async () => (await sentinels.primary()).url
    const connects: Record<string, () => Promise<OpenStore>> = {
      'ioredis, Sentinel': () => ofSentinels.ioredis(sentinels, { durability }),
      'node-redis, Sentinel': () => ofSentinels['node-redis'](sentinels, { durability }),
      ioredis: async () => ofIoredis(new Redis(await url()), { durability }),
      'node-redis': async () => ofNodeRedis(createClient({ url: await url() }), { durability }),
      'node-redis, pool': async () => ofNodeRedis(createClientPool({ url: await url() }), { durability }),
    }

    describe.each(Object.entries(connects))('through %s', (_, connect) => {
      let open: OpenStore
      let primary: RedisServer
      let replica: RedisServer
      beforeEach(async () => {
        await sentinels.flush()
        primary = await sentinels.primary()
        replica = sentinels.servers.find((server) => server !== primary) ?? expect.fail('no replica')
        open = await connect()
      })
      afterEach(() => {
        replica.thaw()
        open.close()
      })

      test('is there when it is answered', async () => {
        const { store } = open
        expect(await store.create('k', utf8('A'), later())).toBe(true)
        expect(await replica.cli('get', 'k')).toBe('A')
        const whole = utf8('A')
        expect(await store.rotate('k', 'l', utf8('B'), later(), { whole }, { mark: mark() })).toEqual({
          outcome: 'replaced',
        })
        expect(await replica.cli('mget', 'k', 'l')).toBe('ended:1\nB')
        expect(await store.destroy('l')).toBe(true)
        expect(await replica.cli('exists', 'l')).toBe('0')
      })

      test('costs two commands more, on a connection of its own, each of which a replica hears of', async () => {
        const { store } = open
        await store.create('first', utf8('A'), later())
        await store.destroy('first')
        const [sent, heard] = [await primary.monitor(), await replica.monitor()]
        await store.create('k', utf8('A'), later())
        await store.destroy('k')
        await store.destroy('k')
        const names = (await sent.commands())
          .filter(({ inScript, name }) => !inScript && /^(EVAL|EVALSHA|UNLINK|WAIT)$/.test(name))
          .map(({ name }) => name)
        expect(names).toEqual(['EVALSHA', 'UNLINK', 'UNLINK'].flatMap((name) => [name, 'EVAL', 'WAIT']))
        // By Redis 7.2 and newer WAIT waits for nothing that was not sent to replicas.
        const writes = (await heard.commands()).filter(({ name }) => /^(SET|UNLINK|PEXPIREAT)$/.test(name))
        expect(writes.map(({ name }) => name)).toEqual([
          ...['SET', 'PEXPIREAT'],
          ...['UNLINK', 'SET', 'UNLINK'],
          ...['SET', 'UNLINK'],
        ])
        sent.stop()
        heard.stop()
      })

      test('is told to be unconfirmed while the replica is away; however many wait, none waits for another', async () => {
        const { store } = open
        await store.create('first', utf8('A'), later())
        replica.freeze()
        const begin = performance.now()
        const keys = Array.from({ length: 64 }, (_, i) => `k${i}`)
        const refused = (key: string) =>
          expect(store.create(key, utf8('A'), later())).rejects.toMatchObject(unconfirmed)
        await Promise.all(keys.map(refused))
        expect(performance.now() - begin).toBeLessThan(5000)
        // It has been made, and reads are not held up.
        expect(await store.read('k0')).toEqual({ value: utf8('A') })
        const waiting = store.destroy('k1').catch((error: unknown) => error)
        expect(await Promise.race([waiting, store.read('k0')])).toEqual({ value: utf8('A') })
        expect(await waiting).toMatchObject(unconfirmed)
        replica.thaw()
        await expect
          .poll(() => store.create('k0', utf8('A'), later()).catch(() => undefined), { timeout: 5000 })
          .toBe(true)
      })

      test('makes a login a 503 that sets no cookie', async () => {
        const sessions = createSessions({ store: open.store, storeTimeout: 2 })
        replica.freeze()
        const context = sessions.open({})
        const session = await context.session()
        await session.authenticate('ann')
        await expect(context.commit()).rejects.toMatchObject({ ...unconfirmed, status: 503 })
        expect(context.headers().setCookies).toEqual([])
      })
    })
  },
  { replicas: 1 },
)

await clusterOrSkip('a write that a replica in a Cluster is to have', (cluster) => {
  describe.each(Object.entries(ofCluster))('through %s', (_, connect) => {
    let open: OpenStore
    beforeEach(async () => {
      await cluster.flush()
      open = await connect(cluster, { durability })
    })
    afterEach(() => open.close())

    test('is confirmed for both keys of a new id, wherever they lie', async () => {
      const { store } = open
      const from = await cluster.primaryOf('from')
      const keys = Array.from({ length: 20 }, (_, i) => `to-${i}`)
      const holders = await Promise.all(keys.map((key) => cluster.primaryOf(key)))
      const at = holders.findIndex((holder) => holder !== from)
      const [to, holder] = [keys[at] as string, holders[at] as RedisServer]
      await store.create('from', utf8('A'), later())
      const monitors = [await from.monitor(), await holder.monitor()]
      const whole = utf8('A')
      expect(await store.rotate('from', to, utf8('B'), later(), { whole }, { mark: mark() })).toEqual({
        outcome: 'replaced',
      })
      for (const monitor of monitors) {
        const names = (await monitor.commands()).map(({ name }) => name)
        expect(names.filter((name) => name === 'WAIT')).toHaveLength(1)
        monitor.stop()
      }
    })
  })
})
