import { keeperOf } from './keeper-of.ts'
import type { Callback, SessionObject, SessionRequest, StoredSession } from './types.ts'

export interface SessionConstructor {
  new (req: object, data?: object | null): SessionObject
  prototype: SessionObject
}

/** A function rather than a class, as its users call and inherit it. Data do not hide methods: a stored `save` is left out. */
export const Session = function Session(this: SessionObject, req: SessionRequest, data?: unknown) {
  Object.defineProperty(this, 'req', { value: req })
  Object.defineProperty(this, 'id', { value: req.sessionID })
  if (typeof data !== 'object' || data === null) return
  for (const name in data) {
    if (!(name in this)) this[name] = (data as Record<string, unknown>)[name]
  }
} as unknown as SessionConstructor

/** Gives a session the methods of this package that express-session's own base class made, whatever was added to it. */
export function adopt(session: object): void {
  const prototype = Object.getPrototypeOf(session)
  const isTheirs = Object.hasOwn(prototype, 'resetMaxAge') && prototype !== Session.prototype
  if (isTheirs && Object.getPrototypeOf(prototype) === Object.prototype)
    Object.setPrototypeOf(session, Session.prototype)
}

/**
 * With a callback they answer the session, as they always did; without one a promise. A session that no request keeps (one
 * that `store.load()` made) goes to its store directly.
 */
const methods: ThisType<SessionObject> & Record<string, unknown> = {
  touch() {
    return this.resetMaxAge()
  },

  resetMaxAge() {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  },

  save(callback?: Callback) {
    const { req } = this
    const keeper = keeperOf(req)
    if (keeper) return settle(this, keeper.save(this, callback !== undefined), callback)
    return settle(
      this,
      promised((done) => req.sessionStore.set(this.id, this, done)),
      callback,
    )
  },

  reload(callback?: Callback) {
    const { req } = this
    const keeper = keeperOf(req)
    if (keeper) return settle(this, keeper.reload(this), callback)
    const reloading = promised<StoredSession | null>((done) => req.sessionStore.get(this.id, done))
    const work = reloading.then((stored) => {
      if (!stored) throw new Error('failed to load session')
      req.sessionStore.createSession(req, stored)
    })
    return settle(this, work, callback)
  },

  destroy(callback?: Callback) {
    const { req } = this
    const keeper = keeperOf(req)
    delete req.session
    if (keeper) return settle(this, keeper.destroy(this.id, callback !== undefined), callback)
    return settle(
      this,
      promised((done) => req.sessionStore.destroy(this.id, done)),
      callback,
    )
  },

  regenerate(callback?: Callback) {
    const { req } = this
    const keeper = keeperOf(req)
    if (keeper) return settle(this, keeper.regenerate(), callback)
    return settle(
      this,
      promised((done) => req.sessionStore.regenerate(req, done)),
      callback,
    )
  },
}

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Session.prototype, name, { configurable: true, writable: true, value })
}

function promised<T>(call: (done: (error?: unknown, answer?: T) => void) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error ? reject(error) : resolve(answer)))
  })
}

function settle(session: SessionObject, work: Promise<unknown>, callback: Callback | undefined) {
  if (!callback) {
    const done = work.then(() => {})
    // Who looks at neither callback nor promise must not bring the process down: the response tells.
    done.catch(() => {})
    return done
  }
  // Outside of the promise: what a callback throws is not this session's failure.
  work.then(
    () => process.nextTick(callback),
    (error) => process.nextTick(callback, error),
  )
  return session
}
