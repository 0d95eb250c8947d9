import { createSessions } from '@tegata/core'
import { session as tegata } from '@tegata/express'
import dropIn from '@tegata/express/express-session'
import { ioredisStore } from '@tegata/store-ioredis'
import { RedisStore } from 'connect-redis'
import type { RequestHandler } from 'express'
import session from 'express-session'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** What the sessions of the apps here hold, beside what the packages put into them. */
declare module 'express-session' {
  interface SessionData {
    user: string
    visits: number
    files: string[]
    oidc: { verifier: string; state: string }
    grant: { response?: { raw?: Record<string, unknown>; access_token?: string; error?: unknown } }
  }
}

export interface Middleware {
  handler: RequestHandler
  stop(): Promise<unknown>
}

export const secret = 'a secret of at least thirty-two signs'

/** The middleware that the apps are held against, and what stands in its place. */
export const dresses: Record<string, (port: number) => Promise<Middleware>> = {
  'express-session': async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` })
    client.on('error', () => {})
    await client.connect()
    const store = new RedisStore({ client })
    return {
      handler: session({ secret, resave: false, saveUninitialized: false, store }),
      stop: () => client.close(),
    }
  },
  '@tegata/express/express-session': async (port) => {
    const redis = new Redis(port)
    const store = ioredisStore(redis)
    return {
      handler: dropIn({
        secret,
        resave: false,
        saveUninitialized: false,
        store,
      }) as unknown as RequestHandler,
      stop: () => redis.quit(),
    }
  },
  '@tegata/express/express-session on connect-redis': async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` })
    client.on('error', () => {})
    await client.connect()
    const store = new RedisStore({ client }) as never
    return {
      handler: dropIn({
        secret,
        resave: false,
        saveUninitialized: false,
        store,
      }) as unknown as RequestHandler,
      stop: () => client.close(),
    }
  },
  '@tegata/express': async (port) => {
    const redis = new Redis(port)
    return {
      handler: tegata(createSessions({ store: ioredisStore(redis) })) as unknown as RequestHandler,
      stop: () => redis.quit(),
    }
  },
}
