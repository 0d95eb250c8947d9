import { type RedisStore, type RedisStoreOptions, redisStore } from '@tegata/store-redis'
import type { NodeRedisClient } from './node-redis-client.ts'
import { nodeRedisCommands } from './node-redis-commands.ts'

export type NodeRedisStoreOptions = RedisStoreOptions

/** Keeps sessions in Redis through a client that the application connects and closes. */
export function nodeRedisStore(client: NodeRedisClient, options?: NodeRedisStoreOptions): RedisStore {
  return redisStore(nodeRedisCommands(client), options)
}
