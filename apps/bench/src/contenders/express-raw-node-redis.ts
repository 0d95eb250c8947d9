import { createClient } from 'redis'
import { rawExpress, TTL } from './raw-express.ts'

export const contender = rawExpress(async (redisUrl) => {
  const redis = await createClient({ url: redisUrl }).connect()
  return {
    get: (key) => redis.get(key),
    getAndExpire: (key) => redis.getEx(key, { type: 'EX', value: TTL }),
    set: (key, value) => redis.set(key, value, { expiration: { type: 'EX', value: TTL } }),
    del: (key) => redis.del(key),
  }
})
