import { ioredisStore } from '@tegata/store-ioredis'
import { nearCache } from '@tegata/store-redis'
import { Redis } from 'ioredis'
import type { Contender } from '../contender.ts'
import { tegataExpress } from './tegata-express.ts'

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    return tegataExpress(mode, nearCache(ioredisStore(new Redis(redisUrl)), { prefix: 'tegata:' }))
  },
}
