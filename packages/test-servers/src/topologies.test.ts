import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { clusterOrSkip, redisOrSkip, sentinelsOrSkip } from './redis-or-skip.ts'
import { until } from './until.ts'

await redisOrSkip(
  'a Redis of three doors',
  (redis) => {
    test('listens with TLS', async () => {
      const { port, args } = redis.tls
      const certificate = args.at(-1) as string
      expect(await redis.cli('-p', String(port), '--tls', '--cacert', certificate, 'ping')).toBe('PONG')
    })

    test('listens on a unix socket', async () => {
      expect(await redis.cli('-s', redis.socket, 'ping')).toBe('PONG')
    })
  },
  { tls: true },
)

await clusterOrSkip('a cluster', (cluster) => {
  test('has three primaries with a replica each', async () => {
    expect(await cluster.primaries()).toHaveLength(3)
  })

  test('moves a slot with its keys', async () => {
    const from = await cluster.primaryOf('k')
    const slot = Number(await from.cli('cluster', 'keyslot', 'k'))
    await from.cli('set', 'k', 'A')
    const [to] = (await cluster.primaries()).filter((server) => server !== from)
    await cluster.migrateSlot(slot, to ?? expect.fail('no other primary'))
    expect(await to?.cli('get', 'k')).toBe('A')
    expect(await from.cli('get', 'k')).toMatch(/^MOVED/)
    expect(await cluster.primaryOf('k')).toBe(to)
  })

  test('promotes a replica when a primary dies', async () => {
    const dying = await cluster.primaryOf('k')
    await sleep(50)
    await cluster.failOver(dying)
    const promoted = await cluster.primaryOf('k')
    expect(promoted).not.toBe(dying)
    expect(await promoted.cli('get', 'k')).toBe('A')
  })
})

await sentinelsOrSkip('sentinels', (sentinels) => {
  describe('when the primary dies', () => {
    test('promote a replica', async () => {
      const dying = await sentinels.primary()
      await dying.cli('set', 'k', 'A')
      const replicas = sentinels.servers.filter((server) => server !== dying)
      await until('the replicas have it', async () => {
        const values = await Promise.all(replicas.map((replica) => replica.cli('get', 'k')))
        return values.every((value) => value === 'A')
      })
      await sentinels.failOver()
      const promoted = await sentinels.primary()
      expect(promoted).not.toBe(dying)
      expect(await promoted.cli('get', 'k')).toBe('A')
    })
  })
})
