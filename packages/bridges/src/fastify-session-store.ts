import type { SessionStore } from '@tegata/core'
import { Bridge } from './bridge.ts'
import { Loaded } from './loaded.ts'
import type { BridgeOptions } from './options.ts'
import { type Callback, settle } from './settle.ts'

interface StoredSession {
  cookie?: { expires?: Date | string | null }
  [LOADED]?: unknown
}

/** The option `store` of @fastify/session. */
export interface FastifySessionStore {
  get(sid: string, callback: Callback<object | null>): void
  set(sid: string, session: object, callback: Callback<void>): void
  destroy(sid: string, callback: Callback<void>): void
}

/** @fastify/session copies what is enumerable into the session that it makes, and nothing else leads from there to what was read. */
const LOADED = '_loaded'

/**
 * A Tegata store for @fastify/session: `{ store: fastifySessionStore(ioredisStore(redis)) }`.
 * Keys and values are those of connect-redis. Throws a `TypeError` for an option that is unknown or impossible, by its name.
 */
export function fastifySessionStore(store: SessionStore, options: BridgeOptions = {}): FastifySessionStore {
  const bridge = new Bridge(store, options)
  const get = async (sid: string) => {
    const found = await bridge.read(sid)
    return found && Object.assign(found.data, { [LOADED]: found.loaded })
  }
  const set = async (sid: string, session: StoredSession) => {
    const before = session[LOADED]
    const loaded = await bridge.save(
      sid,
      session,
      bridge.deadline(session.cookie?.expires),
      before instanceof Loaded ? before : undefined,
    )
    if (loaded && loaded !== before)
      Object.defineProperty(session, LOADED, { configurable: true, value: loaded })
  }
  return {
    get: (sid, callback) => void settle(get(sid), callback),
    set: (sid, session, callback) => void settle(set(sid, session), callback),
    destroy: (sid, callback) => void settle(bridge.destroy(sid), callback),
  }
}
