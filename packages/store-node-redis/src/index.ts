export { type NodeRedisClient, nodeRedisCommands } from './node-redis-commands.ts'
export { type NodeRedisStoreOptions, nodeRedisStore } from './node-redis-store.ts'
