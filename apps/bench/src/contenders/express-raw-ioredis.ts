import { Redis } from 'ioredis'
import type { Contender } from '../contender.ts'
import { rawExpress, TTL } from './raw-express.ts'

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    const redis = new Redis(redisUrl)
    return rawExpress(mode, {
      get: (key) => redis.get(key),
      getAndExpire: (key) => redis.getex(key, 'EX', TTL),
      set: (key, value) => redis.set(key, value, 'EX', TTL),
      del: (key) => redis.del(key),
    })
  },
}
