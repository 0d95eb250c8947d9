export type { DurabilityOptions } from './durability.ts'
export { type NearCache, type NearCacheEvent, type NearCacheOptions, nearCache } from './near-cache.ts'
export { onEach } from './one-listener.ts'
export type {
  Confirmation,
  ConnectionHooks,
  RedisArguments,
  RedisCall,
  RedisCommandName,
  RedisCommands,
  RedisConnection,
  RedisNode,
} from './redis-commands.ts'
export { type RedisStore, type RedisStoreOptions, redisStore } from './redis-store.ts'
