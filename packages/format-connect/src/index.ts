export { type ConnectRedisFormatOptions, connectRedisFormat } from './connect-redis-format.ts'
export type { StoredCookie } from './cookie-member.ts'
