import { type RedisStore, type RedisStoreOptions, redisStore } from '@tegata/store-redis'
import type { NodeRedisClient } from './node-redis-client.ts'
import { nodeRedisCommands } from './node-redis-commands.ts'

/** The options of every store in Redis. */
export type NodeRedisStoreOptions = RedisStoreOptions

/**
 * Keeps sessions in Redis through a client that the application connects and closes. Throws a `TypeError` for something that is no
 * client of node-redis, for one that reads from a replica, for one of node-redis 5 that queues commands while it is offline, and for an
 * option that is unknown or impossible, by its name.
 */
export function nodeRedisStore(client: NodeRedisClient, options?: NodeRedisStoreOptions): RedisStore {
  return redisStore(nodeRedisCommands(client), options)
}
