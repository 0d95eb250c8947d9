export type { RedisStore } from '@tegata/store-redis'
export type { IoredisClient } from './ioredis-client.ts'
export { ioredisCommands } from './ioredis-commands.ts'
export { type IoredisStoreOptions, ioredisStore } from './ioredis-store.ts'
