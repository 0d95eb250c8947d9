import { testSessionStore } from '@tegata/store-test'
import { redisOrSkip } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, test } from 'vitest'
import { ioredisStore } from './index.ts'

await redisOrSkip('the store contract on a standalone Redis', (redis) => {
  let clients: [Redis, Redis]
  beforeAll(() => {
    clients = [new Redis(redis.url), new Redis(redis.url)]
  })
  afterAll(() => {
    for (const client of clients) client.disconnect()
  })

  testSessionStore({
    test,
    async createStore() {
      const [client, other] = clients
      await client.flushdb()
      return {
        store: ioredisStore(client),
        another: () => ioredisStore(other),
        putForeign: async (key) => void (await client.rpush(key, 'an element')),
      }
    },
  })
})
