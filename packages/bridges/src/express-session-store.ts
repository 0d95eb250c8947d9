import type { SessionData, SessionStore } from '@tegata/core'
import { Bridge } from './bridge.ts'
import type { Loaded } from './loaded.ts'
import { assert, type BridgeOptions } from './options.ts'
import { type Callback, settle } from './settle.ts'

export interface ExpressSessionStoreOptions extends BridgeOptions {
  /** Leave deadlines alone on requests that only read. Default `false`. */
  disableTouch?: boolean
}

/** What express-session hands to its store. */
interface ConnectSession {
  cookie?: { expires?: Date | string | null | false }
}

type Verb<Args extends unknown[], Answer = void> = (
  ...args: [...Args, callback?: Callback<Answer>]
) => Promise<Answer | undefined>

/** The methods of connect-redis, with callbacks or promises. */
export interface ConnectStoreMethods {
  get: Verb<[sid: string], SessionData | null>
  set: Verb<[sid: string, session: object]>
  touch: Verb<[sid: string, session: object]>
  destroy: Verb<[sid: string]>
  all: Verb<[], SessionData[]>
  ids: Verb<[], string[]>
  length: Verb<[], number>
  clear: Verb<[]>
}

type CreateSession = (req: object, session: object) => object

/**
 * A Tegata store for express-session: `session({ store: expressSessionStore(session.Store, ioredisStore(redis)) })`. Keys and
 * values are those of connect-redis. Throws a `TypeError` for an option that is unknown or impossible, by its name.
 */
export function expressSessionStore<Store extends object>(
  Store: abstract new () => Store,
  store: SessionStore,
  options: ExpressSessionStoreOptions = {},
): Store & ConnectStoreMethods {
  const { disableTouch = false, ...others } = options
  assert('disableTouch', typeof disableTouch === 'boolean', 'be true or false')
  const bridge = new Bridge(store, others)
  /** By what `get` answered at first, then by what the library made of it. */
  const loadedOf = new WeakMap<object, Loaded>()
  const deadline = (session: ConnectSession) => bridge.deadline(session?.cookie?.expires)

  const get = async (sid: string) => {
    const found = await bridge.read(sid)
    if (found) loadedOf.set(found.data, found.loaded)
    return found?.data ?? null
  }
  const set = async (sid: string, session: object) => {
    const loaded = await bridge.save(sid, session, deadline(session), loadedOf.get(session))
    if (loaded) loadedOf.set(session, loaded)
  }
  const all = async () => {
    const found = await Promise.all(
      (await bridge.ids()).map(async (id) => {
        const data = await get(id).catch(skipInvalid)
        return data && { ...data, id }
      }),
    )
    return found.filter((session) => session !== null)
  }
  const clear = async () => {
    for (const id of await bridge.ids()) await bridge.destroy(id)
  }
  const methods: ConnectStoreMethods = {
    get: (sid, callback) => settle(get(sid), callback),
    set: (sid, session, callback) => settle(set(sid, session), callback),
    touch: (sid, session, callback) =>
      settle(disableTouch ? Promise.resolve() : bridge.touch(sid, deadline(session)), callback),
    destroy: (sid, callback) => settle(bridge.destroy(sid), callback),
    all: (callback) => settle(all(), callback),
    ids: (callback) => settle(bridge.ids(), callback),
    length: (callback) =>
      settle(
        bridge.ids().then((ids) => ids.length),
        callback,
      ),
    clear: (callback) => settle(clear(), callback),
  }

  const instance: Store & { createSession?: CreateSession } = Reflect.construct(Store, [])
  const { createSession } = instance
  return Object.assign(instance, methods, {
    createSession(this: unknown, req: object, found: object) {
      const session = (createSession as CreateSession).call(this, req, found)
      const loaded = loadedOf.get(found)
      if (loaded) loadedOf.set(session, loaded)
      return session
    },
  })
}

function skipInvalid(error: { code?: string }): null {
  if (error.code === 'SESSION_VALUE_INVALID') return null
  throw error
}
