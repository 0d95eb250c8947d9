import { nodeRedisStore } from '@tegata/store-node-redis'
import { createClient } from 'redis'
import { tegataExpress } from './tegata-express.ts'

export const contender = tegataExpress(async (redisUrl) =>
  nodeRedisStore(await createClient({ url: redisUrl }).connect()),
)
