import { nearCache } from '@tegata/store-redis'
import { testSessionStore } from '@tegata/store-test'
import { clusterOrSkip, type RedisServer, redisOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import * as redis6 from 'redis'
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

/** The contract, kept with a memory in front of the store. What another process wrote a moment ago is not part of it: a read may miss that. */
function conformance(title: string, create: () => Client, { flush, holding }: Servers): void {
  describe(title, () => {
    let client: Client
    beforeAll(async () => {
      client = create()
      client.on('error', () => {})
      await client.connect()
    })
    afterAll(() => void client.destroy())
    testSessionStore({
      test,
      async createStore() {
        await flush()
        const near = nearCache(nodeRedisStore(client))
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
  const options = () => ({ url: redis.url })
  conformance('node-redis 6', () => redis6.createClient(options()), servers)
  conformance('node-redis 6, pool', () => redis6.createClientPool(options()), servers)
})

await clusterOrSkip('nearCache, Cluster', (cluster) => {
  const servers = { flush: () => cluster.flush(), holding: (key: string) => cluster.primaryOf(key) }
  const options = () => ({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
  conformance('node-redis 6', () => redis6.createCluster(options()), servers)
})

await sentinelsOrSkip('nearCache, Sentinel', (sentinels) => {
  const servers = { flush: () => sentinels.flush(), holding: () => sentinels.primary() }
  const options = () => ({ name: sentinels.name, sentinelRootNodes: sentinels.nodes })
  conformance('node-redis 6', () => redis6.createSentinel(options()), servers)
})
