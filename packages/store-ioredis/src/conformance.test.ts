import { testSessionStore } from '@tegata/store-test'
import { clusterOrSkip, type RedisServer, redisOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  disconnect(): void
}

interface Servers {
  flush(): Promise<unknown>
  holding(key: string): Promise<RedisServer>
}

/** The contract, kept by two clients on the same servers. */
function conformance(title: string, connect: () => Client, { flush, holding }: Servers): void {
  describe(title, () => {
    let clients: [Client, Client]
    beforeAll(() => {
      clients = [connect(), connect()]
    })
    afterAll(() => {
      for (const client of clients) client.disconnect()
    })
    testSessionStore({
      test,
      async createStore() {
        await flush()
        const [client, other] = clients
        return {
          store: ioredisStore(client),
          another: () => ioredisStore(other),
          putForeign: async (key) => void (await (await holding(key)).cli('rpush', key, 'an element')),
        }
      },
    })
  })
}

await redisOrSkip('standalone', (redis) => {
  const servers = { flush: () => redis.cli('flushall'), holding: async () => redis }
  conformance('ioredis 5', () => new Redis5(redis.url), servers)
  conformance('ioredis 6, RESP2', () => new Redis6(redis.url, { protocol: 2 }), servers)
  conformance('ioredis 6, RESP3', () => new Redis6(redis.url, { protocol: 3 }), servers)
})

await clusterOrSkip('cluster', (cluster) => {
  const servers = { flush: () => cluster.flush(), holding: (key: string) => cluster.primaryOf(key) }
  conformance('ioredis 5', () => new Cluster5(cluster.nodes), servers)
  conformance('ioredis 6', () => new Cluster6(cluster.nodes), servers)
})

await sentinelsOrSkip('sentinel', (sentinels) => {
  const servers = { flush: () => sentinels.flush(), holding: () => sentinels.primary() }
  const options = () => ({ sentinels: sentinels.nodes, name: sentinels.name })
  conformance('ioredis 5', () => new Redis5(options()), servers)
  conformance('ioredis 6', () => new Redis6(options()), servers)
})
