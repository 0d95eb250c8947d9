import { nearCache } from '@tegata/store-redis'
import { testSessionStore } from '@tegata/store-test'
import { clusterOrSkip, type RedisServer, redisOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  disconnect(): void
}

interface Servers {
  flush(): Promise<unknown>
  holding(key: string): Promise<RedisServer>
}

/** The contract, kept with a memory in front of the store. What another process wrote a moment ago is not part of it: a read may miss that. */
function conformance(title: string, connect: () => Client, { flush, holding }: Servers): void {
  describe(title, () => {
    let client: Client
    beforeAll(() => {
      client = connect()
    })
    afterAll(() => client.disconnect())
    testSessionStore({
      test,
      async createStore() {
        await flush()
        const near = nearCache(ioredisStore(client))
        return {
          store: near,
          close: () => near.close(),
          putForeign: async (key) => void (await (await holding(key)).cli('rpush', key, 'an element')),
        }
      },
    })
  })
}

await redisOrSkip('nearCache, standalone', (redis) => {
  const servers = { flush: () => redis.cli('flushall'), holding: async () => redis }
  conformance('ioredis 6', () => new Redis6(redis.url), servers)
})

await clusterOrSkip('nearCache, Cluster', (cluster) => {
  const servers = { flush: () => cluster.flush(), holding: (key: string) => cluster.primaryOf(key) }
  conformance('ioredis 6', () => new Cluster6(cluster.nodes), servers)
})

await sentinelsOrSkip('nearCache, Sentinel', (sentinels) => {
  const servers = { flush: () => sentinels.flush(), holding: () => sentinels.primary() }
  const options = () => ({ sentinels: sentinels.nodes, name: sentinels.name })
  conformance('ioredis 6', () => new Redis6(options()), servers)
})
