import { RedisStore } from 'connect-redis'
import type { Request } from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import type { Contender } from '../contender.ts'
import { inBatches } from '../in-batches.ts'
import { optionsFor, sessionExpress } from './session-express.ts'

let store: RedisStore & { generate?: (req: Request) => void }

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    store = new RedisStore({ client: await createClient({ url: redisUrl }).connect() })
    return sessionExpress(session({ store, ...optionsFor(mode) }))
  },
  async fill(count, data) {
    await inBatches(count, () => {
      // express-session makes the session and its cookie, connect-redis writes it.
      const req = {} as Request
      store.generate?.(req)
      return store.set(req.sessionID, Object.assign(req.session, data))
    })
  },
  enumerate: async () => ((await store.all()) as unknown[]).length,
}
