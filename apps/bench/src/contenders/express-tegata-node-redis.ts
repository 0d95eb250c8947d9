import { nodeRedisStore } from '@tegata/store-node-redis'
import type { RedisStore } from '@tegata/store-redis'
import { createClient } from 'redis'
import type { Contender } from '../contender.ts'
import { countKeys } from '../count-keys.ts'
import { tegataExpress } from './tegata-express.ts'

let store: RedisStore

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    const redis = createClient({ url: redisUrl })
    await redis.connect()
    store = nodeRedisStore(redis)
    return tegataExpress(mode, store)
  },
  enumerate: () => countKeys(store),
}
