import type { EnumerableStore } from '@tegata/core'
import session from '@tegata/express/express-session'
import { nodeRedisStore } from '@tegata/store-node-redis'
import { createClient } from 'redis'
import type { Contender } from '../contender.ts'
import { countKeys } from '../count-keys.ts'
import { optionsFor, sessionExpress } from './session-express.ts'

let store: EnumerableStore

/** With the store that has all guarantees, over the client that the other contenders of this kind have. */
export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    store = nodeRedisStore(await createClient({ url: redisUrl }).connect())
    return sessionExpress(session({ store, ...optionsFor(mode) }))
  },
  enumerate: () => countKeys(store, 'sess:'),
}
