import { testSessionStore } from '@tegata/store-test'
import { clusterOrSkip, type RedisServer, redisOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import * as redis6 from 'redis'
import * as redis5 from 'redis5'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

interface Servers {
  flush(): Promise<unknown>
  holding(key: string): Promise<RedisServer>
}

/** The contract, kept by two clients on the same servers. */
function conformance(title: string, create: () => Client, { flush, holding }: Servers): void {
  describe(title, () => {
    let clients: [Client, Client]
    beforeAll(async () => {
      clients = [create(), create()]
      for (const client of clients) {
        client.on('error', () => {})
        await client.connect()
      }
    })
    afterAll(() => {
      for (const client of clients) client.destroy()
    })
    testSessionStore({
      test,
      async createStore() {
        await flush()
        const [client, other] = clients
        return {
          store: nodeRedisStore(client),
          another: () => nodeRedisStore(other),
          putForeign: async (key) => void (await (await holding(key)).cli('rpush', key, 'an element')),
        }
      },
    })
  })
}

await redisOrSkip('standalone', (redis) => {
  const servers = { flush: () => redis.cli('flushall'), holding: async () => redis }
  const options = () => ({ url: redis.url })
  conformance('node-redis 5, client', () => redis5.createClient(options()), servers)
  conformance('node-redis 5, pool', () => redis5.createClientPool(options()), servers)
  conformance('node-redis 6, client, RESP2', () => redis6.createClient({ ...options(), RESP: 2 }), servers)
  conformance('node-redis 6, client, RESP3', () => redis6.createClient({ ...options(), RESP: 3 }), servers)
  conformance('node-redis 6, pool', () => redis6.createClientPool(options()), servers)
})

await clusterOrSkip('cluster', (cluster) => {
  const servers = { flush: () => cluster.flush(), holding: (key: string) => cluster.primaryOf(key) }
  const options = () => ({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
  conformance('node-redis 5', () => redis5.createCluster(options()), servers)
  conformance('node-redis 6', () => redis6.createCluster(options()), servers)
})

await sentinelsOrSkip('sentinel', (sentinels) => {
  const servers = { flush: () => sentinels.flush(), holding: () => sentinels.primary() }
  const options = () => ({ name: sentinels.name, sentinelRootNodes: sentinels.nodes })
  conformance('node-redis 5', () => redis5.createSentinel(options()), servers)
  conformance('node-redis 6', () => redis6.createSentinel(options()), servers)
})
