import { createClient } from 'redis'
import type { Contender } from '../contender.ts'
import { rawExpress, TTL } from './raw-express.ts'

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    const redis = createClient({ url: redisUrl })
    await redis.connect()
    return rawExpress(mode, {
      get: (key) => redis.get(key),
      getAndExpire: (key) => redis.getEx(key, { type: 'EX', value: TTL }),
      set: (key, value) => redis.set(key, value, { expiration: { type: 'EX', value: TTL } }),
      del: (key) => redis.del(key),
    })
  },
}
