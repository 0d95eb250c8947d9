import { Redis } from 'ioredis'
import { rawExpress, TTL } from './raw-express.ts'

export const contender = rawExpress((redisUrl) => {
  const redis = new Redis(redisUrl)
  return {
    get: (key) => redis.get(key),
    getAndExpire: (key) => redis.getex(key, 'EX', TTL),
    set: (key, value) => redis.set(key, value, 'EX', TTL),
    del: (key) => redis.del(key),
  }
})
