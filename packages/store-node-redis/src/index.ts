export type { RedisStore } from '@tegata/store-redis'
export type { NodeRedisClient } from './node-redis-client.ts'
export { nodeRedisCommands } from './node-redis-commands.ts'
export { type NodeRedisStoreOptions, nodeRedisStore } from './node-redis-store.ts'
