import { EventEmitter } from 'node:events'
import { Cookie } from './cookie.ts'
import { Session } from './session-object.ts'
import type { ConnectStore, SessionObject, SessionRequest, StoredSession } from './types.ts'

export interface StoreConstructor {
  new (): ConnectStore
  prototype: ConnectStore
}

/** What stores inherit from, by `class … extends`, or by `Store.call(this)` and `util.inherits`. */
export const Store = function Store(this: EventEmitter) {
  EventEmitter.call(this)
} as unknown as StoreConstructor

Object.setPrototypeOf(Store, EventEmitter)
Object.setPrototypeOf(Store.prototype, EventEmitter.prototype)

const methods: ThisType<ConnectStore> = {
  /** Ends a request's session and starts a new one, even if the old one could not be ended. */
  regenerate(req: SessionRequest, done: (error?: unknown) => void) {
    this.destroy(req.sessionID, (error) => {
      this.generate(req)
      done(error)
    })
  },

  /** A session without a request. */
  load(id: string, done: (error?: unknown, session?: SessionObject) => void) {
    this.get(id, (error, stored) => {
      if (error) return done(error)
      if (!stored) return done()
      done(null, this.createSession({ sessionID: id, sessionStore: this }, stored))
    })
  },

  createSession(req: SessionRequest, stored: StoredSession) {
    req.session = revive(req, stored)
    return req.session
  },
}

Object.assign(Store.prototype, methods)

/** Whether a store has a method of its own in place of that of its base class, be it this one or express-session's. */
export function overrides(store: ConnectStore, method: 'createSession' | 'regenerate'): boolean {
  let owner: object | null = store
  while (owner && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner)
  return owner !== null && ('get' in owner || Object.getPrototypeOf(owner) !== EventEmitter.prototype)
}

/** A session object of what a store holds. Throws a `TypeError` where it has no cookie. */
export function revive(req: object, stored: StoredSession): SessionObject {
  const { expires, originalMaxAge } = stored.cookie
  const cookie = new Cookie(stored.cookie)
  if (typeof expires === 'string') cookie.expires = new Date(expires)
  // Setting the date has counted it anew.
  cookie.originalMaxAge = originalMaxAge
  return new Session(req, { ...stored, cookie })
}
