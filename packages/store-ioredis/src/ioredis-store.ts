import { type RedisStore, type RedisStoreOptions, redisStore } from '@tegata/store-redis'
import type { IoredisClient } from './ioredis-client.ts'
import { ioredisCommands } from './ioredis-commands.ts'

export type IoredisStoreOptions = RedisStoreOptions

/** Keeps sessions in Redis through a client that the application opens and closes. */
export function ioredisStore(client: IoredisClient, options?: IoredisStoreOptions): RedisStore {
  return redisStore(ioredisCommands(client), options)
}
