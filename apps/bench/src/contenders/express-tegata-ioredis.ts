import { ioredisStore } from '@tegata/store-ioredis'
import type { RedisStore } from '@tegata/store-redis'
import { Redis } from 'ioredis'
import type { Contender } from '../contender.ts'
import { countKeys } from '../count-keys.ts'
import { tegataExpress } from './tegata-express.ts'

let store: RedisStore

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    store = ioredisStore(new Redis(redisUrl))
    return tegataExpress(mode, store)
  },
  enumerate: () => countKeys(store),
}
