import type { EnumerableStore } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { type NodeRedisStoreOptions, nodeRedisStore } from '@tegata/store-node-redis'
import type { RedisCluster, RedisSentinels } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { createCluster, createSentinel } from 'redis'

type Options = NodeRedisStoreOptions
type Client = 'ioredis' | 'node-redis'

/** A store over a client of its own, and how that is ended. */
export interface OpenStore {
  store: EnumerableStore
  close(): void
}

/** As applications open them: no option but where the servers are. */
export type Connect<Servers> = (servers: Servers, options: Options) => Promise<OpenStore>

export function ofIoredis(client: Redis | Cluster, options?: Options): OpenStore {
  client.on('error', () => {})
  return { store: ioredisStore(client, options), close: () => client.disconnect() }
}

type NodeRedis = Parameters<typeof nodeRedisStore>[0] & {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

export async function ofNodeRedis(client: NodeRedis, options?: Options): Promise<OpenStore> {
  client.on('error', () => {})
  await client.connect()
  return { store: nodeRedisStore(client, options), close: () => client.destroy() }
}

export const ofCluster: Record<Client, Connect<RedisCluster>> = {
  ioredis: async ({ nodes }, options) => ofIoredis(new Cluster(nodes), options),
  'node-redis': ({ nodes }, options) =>
    ofNodeRedis(createCluster({ rootNodes: nodes.map((socket) => ({ socket })) }), options),
}

export const ofSentinels: Record<Client, Connect<RedisSentinels>> = {
  ioredis: async ({ nodes, name }, options) => ofIoredis(new Redis({ sentinels: nodes, name }), options),
  'node-redis': ({ nodes, name }, options) =>
    ofNodeRedis(createSentinel({ name, sentinelRootNodes: nodes }), options),
}
