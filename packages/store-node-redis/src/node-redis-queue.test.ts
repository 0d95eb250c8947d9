import { redisOrSkip } from '@tegata/test-servers'
import * as redis6 from 'redis'
import * as redis5 from 'redis5'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeRedisStore } from './index.ts'
import * as unqueued from './testing.ts'

const refusal = {
  name: 'TypeError',
  message: expect.stringContaining('with `disableOfflineQueue: true` only'),
}
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const rootNodes = [{ url: 'redis://127.0.0.1:6379' }]

describe('a client of node-redis 5 that queues commands while it is offline is refused:', () => {
  test.each([
    ['client', () => redis5.createClient()],
    ['cluster', () => redis5.createCluster({ rootNodes })],
    [
      'cluster with other defaults',
      () => redis5.createCluster({ rootNodes, defaults: { username: 'user' } }),
    ],
  ])('%s', (_, create) => {
    expect(() => nodeRedisStore(create())).toThrow(expect.objectContaining(refusal))
  })

  test.each([
    ['client', () => unqueued.createClient()],
    ['cluster', () => unqueued.createCluster({ rootNodes })],
    ['client of node-redis 6', () => redis6.createClient()],
    ['cluster of node-redis 6', () => redis6.createCluster({ rootNodes })],
  ])('not so: %s', (_, create) => {
    expect(() => nodeRedisStore(create())).not.toThrow()
  })
})

await redisOrSkip('node-redis 5', (redis) => {
  test('a pool, which does not tell its options, is refused at the first command', async () => {
    const pool = redis5.createClientPool({ url: redis.url })
    await pool.connect()
    onTestFinished(() => void pool.destroy())
    await expect(nodeRedisStore(pool).read('k')).rejects.toMatchObject({ cause: refusal })
  })

  test('commands wait for a lost connection to be back', async () => {
    const client = unqueued.createClient({ url: redis.url, socket: { reconnectStrategy: () => 100 } })
    const isLost = new Promise((resolve) => client.on('error', resolve))
    await client.connect()
    onTestFinished(() => void client.destroy())
    const store = nodeRedisStore(client)
    await redis.killClients()
    await isLost
    expect(client.isReady).toBe(false)
    expect(await store.read('k')).toBeNull()
  })

  // What it is refused for. In some 200 lost connections a queue has it happen.
  test('each command gets its own reply, however often connections are lost', async () => {
    const client = unqueued.createClient({ url: redis.url, socket: { reconnectStrategy: () => 1 } })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => void client.destroy())
    const store = nodeRedisStore(client)
    const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)
    for (const key of keys) await store.create(key, utf8(key), Date.now() + 60_000)
    let isRunning = true
    const cutting = (async () => {
      for (let cuts = 0; cuts < 500; cuts++) {
        while (!client.isReady) await pause(1)
        await pause(Math.random() * 4)
        await redis.killClients()
      }
      isRunning = false
    })()
    const wrong: unknown[] = []
    await Promise.all(
      keys.map(async (key) => {
        while (isRunning) {
          const found = await store.read(key).catch(() => undefined)
          if (found !== undefined && (!found || !('value' in found) || text(found.value) !== key))
            wrong.push([key, found])
          await pause(Math.random() * 4)
        }
      }),
    )
    await cutting
    expect(wrong).toEqual([])
  })
})
