import type { SessionData, SessionStore } from '@tegata/core'
import { Bridge } from './bridge.ts'
import type { Loaded } from './loaded.ts'
import type { BridgeOptions } from './options.ts'

/** koa-session's option `store`. */
export interface KoaSessionStore {
  get(key: string, maxAge?: unknown, options?: { ctx?: object }): Promise<SessionData | null>
  set(key: string, session: object, maxAge?: unknown, options?: { ctx?: object }): Promise<void>
  destroy(key: string, options?: { ctx?: object }): Promise<void>
}

/**
 * A Tegata store for koa-session: `session({ store: koaSessionStore(ioredisStore(redis)) }, app)`.
 * Keys and values are those of koa-redis. Throws a `TypeError` for an option that is unknown or impossible, by its name.
 */
export function koaSessionStore(store: SessionStore, options: BridgeOptions = {}): KoaSessionStore {
  const bridge = new Bridge(store, options, { prefix: '' })
  /** By Koa's context: one request knows one session at a time. */
  const loadedOf = new WeakMap<object, Loaded>()
  return {
    async get(key, _maxAge, { ctx } = {}) {
      const found = await bridge.read(key)
      if (found && ctx) loadedOf.set(ctx, found.loaded)
      return found?.data ?? null
    },
    async set(key, session, maxAge, { ctx } = {}) {
      const expires = typeof maxAge === 'number' ? new Date(Date.now() + maxAge) : undefined
      const loaded = await bridge.save(key, session, bridge.deadline(expires), ctx && loadedOf.get(ctx))
      if (loaded && ctx) loadedOf.set(ctx, loaded)
    },
    destroy: (key) => bridge.destroy(key),
  }
}
