import session from '@tegata/express/express-session'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import type { Contender } from '../contender.ts'
import { optionsFor, sessionExpress } from './session-express.ts'

let store: RedisStore

/** One import changed, and nothing else. */
export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    store = new RedisStore({ client: await createClient({ url: redisUrl }).connect() })
    return sessionExpress(session({ store, ...optionsFor(mode) }))
  },
  enumerate: async () => ((await store.all()) as unknown[]).length,
}
