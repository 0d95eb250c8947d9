export { type IoredisClient, ioredisCommands } from './ioredis-commands.ts'
export { type IoredisStoreOptions, ioredisStore } from './ioredis-store.ts'
