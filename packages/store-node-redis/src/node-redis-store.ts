import type { EnumerableStore } from '@tegata/core'
import { type RedisStoreOptions, redisStore } from '@tegata/store-redis'
import { type NodeRedisClient, nodeRedisCommands } from './node-redis-commands.ts'

export type NodeRedisStoreOptions = RedisStoreOptions

/** Keeps sessions in Redis through a client that the application connects and closes. */
export function nodeRedisStore(client: NodeRedisClient, options?: NodeRedisStoreOptions): EnumerableStore {
  return redisStore(nodeRedisCommands(client), options)
}
