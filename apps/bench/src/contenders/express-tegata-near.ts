import { ioredisStore } from '@tegata/store-ioredis'
import { nearCache } from '@tegata/store-redis'
import { Redis } from 'ioredis'
import { tegataExpress } from './tegata-express.ts'

export const contender = tegataExpress((redisUrl) =>
  nearCache(ioredisStore(new Redis(redisUrl)), { prefix: 'tegata:' }),
)
