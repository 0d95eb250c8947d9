import { ioredisStore } from '@tegata/store-ioredis'
import { Redis } from 'ioredis'
import { tegataExpress } from './tegata-express.ts'

export const contender = tegataExpress((redisUrl) => ioredisStore(new Redis(redisUrl)))
