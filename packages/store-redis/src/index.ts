export type { DurabilityOptions } from './durability.ts'
export type {
  Confirmation,
  RedisArguments,
  RedisCall,
  RedisCommandName,
  RedisCommands,
} from './redis-commands.ts'
export { type RedisStoreOptions, redisStore } from './redis-store.ts'
