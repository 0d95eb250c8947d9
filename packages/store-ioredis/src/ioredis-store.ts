import { type RedisStore, type RedisStoreOptions, redisStore } from '@tegata/store-redis'
import type { IoredisClient } from './ioredis-client.ts'
import { ioredisCommands } from './ioredis-commands.ts'

/** The options of every store in Redis. */
export type IoredisStoreOptions = RedisStoreOptions

/**
 * Keeps sessions in Redis through a client that the application opens and closes. Throws a `TypeError` for something that is no
 * client of ioredis, for one that reads from replicas, and for an option that is unknown or impossible, by its name.
 */
export function ioredisStore(client: IoredisClient, options?: IoredisStoreOptions): RedisStore {
  return redisStore(ioredisCommands(client), options)
}
