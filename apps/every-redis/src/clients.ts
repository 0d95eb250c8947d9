import type { EnumerableStore } from '@tegata/core'
import { type IoredisStoreOptions, ioredisStore } from '@tegata/store-ioredis'
import { nodeRedisStore } from '@tegata/store-node-redis'
import type { RedisCluster, RedisSentinels } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'

/** A store on a client of its own. */
export interface Opened {
  store: EnumerableStore
  /** What the client told the application. */
  errors: Error[]
  close(): void
}

/** Where one server is, and as whom to greet it. */
export interface Address {
  port: number
  username?: string
  password?: string
  database?: number
}

type Open<Servers> = (servers: Servers, options?: IoredisStoreOptions) => Promise<Opened>

interface Ioredis {
  on(event: 'error', listener: (error: Error) => void): unknown
  disconnect(): void
}

interface NodeRedis {
  on(event: 'error', listener: (error: Error) => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

function ofIoredis(client: Ioredis & Parameters<typeof ioredisStore>[0], options?: IoredisStoreOptions) {
  const errors: Error[] = []
  client.on('error', (error) => errors.push(error))
  return { store: ioredisStore(client, options), errors, close: () => client.disconnect() }
}

async function ofNodeRedis(
  client: NodeRedis & Parameters<typeof nodeRedisStore>[0],
  options?: IoredisStoreOptions,
) {
  const errors: Error[] = []
  client.on('error', (error) => errors.push(error))
  // To a server that answers nothing it tries for ever, and one that refuses it is an error here: an application logs it.
  await Promise.race([
    client.connect().catch((error) => errors.push(error)),
    new Promise((resolve) => setTimeout(resolve, 500)),
  ])
  return { store: nodeRedisStore(client, options), errors, close: () => client.destroy() }
}

const forIoredis = ({ port, username, password, database }: Address) => ({
  port,
  host: '127.0.0.1',
  ...(username && { username }),
  ...(password && { password }),
  ...(database && { db: database }),
})

const forNodeRedis = ({ port, ...rest }: Address) => ({ socket: { host: '127.0.0.1', port }, ...rest })

export const standaloneClients: Record<string, Open<Address>> = {
  ioredis: async (address, options) => ofIoredis(new Redis(forIoredis(address)), options),
  'node-redis': (address, options) => ofNodeRedis(createClient(forNodeRedis(address)), options),
  'node-redis, pool': (address, options) => ofNodeRedis(createClientPool(forNodeRedis(address)), options),
}

export const clusterClients: Record<string, Open<RedisCluster>> = {
  ioredis: async ({ nodes }, options) => ofIoredis(new Cluster(nodes), options),
  'node-redis': ({ nodes }, options) =>
    ofNodeRedis(createCluster({ rootNodes: nodes.map((socket) => ({ socket })) }), options),
}

export const sentinelClients: Record<string, Open<RedisSentinels>> = {
  ioredis: async ({ nodes, name }, options) => ofIoredis(new Redis({ sentinels: nodes, name }), options),
  'node-redis': ({ nodes, name }, options) =>
    ofNodeRedis(createSentinel({ name, sentinelRootNodes: nodes }), options),
}
