export type { DurabilityOptions } from './durability.ts'
export type { RedisArguments, RedisCommandName, RedisCommands } from './redis-commands.ts'
export { type RedisStoreOptions, redisStore } from './redis-store.ts'
