import type { SessionStore } from '@tegata/core'
import type { RequestHandler } from 'express'
import type * as expressSession from 'express-session'
import { Cookie as CookieFunction } from './cookie.ts'
import { MemoryStore as MemoryStoreFunction } from './memory-store.ts'
import { createMiddleware } from './middleware.ts'
import type { DropInOptions, Options } from './options.ts'
import { Session as SessionFunction } from './session-object.ts'
import { Store as StoreFunction } from './store.ts'

/** express-session's `session(options)`, with sessions that no race, outage or redirect can lose. */
export function session(options?: session.SessionOptions): RequestHandler {
  return createMiddleware(options as Options | undefined) as unknown as RequestHandler
}

/**
 * The members of the function, with express-session's own types: what is added to its `SessionData` shows here.
 * A namespace, since nothing else makes a CommonJS module that is a function and carries types.
 */
export namespace session {
  export interface SessionOptions extends Omit<expressSession.SessionOptions, 'store'> {
    /** A Tegata store, with all guarantees; or any store made for express-session. Default a new `MemoryStore`. */
    store?: SessionStore | expressSession.Store | undefined
    /** What express-session does not know of. */
    tegata?: TegataOptions | undefined
  }
  export type TegataOptions = DropInOptions
  export type CookieOptions = expressSession.CookieOptions
  export type SessionData = expressSession.SessionData

  export type Store = expressSession.Store
  export const Store = StoreFunction as unknown as typeof expressSession.Store
  export type MemoryStore = expressSession.MemoryStore
  export const MemoryStore = MemoryStoreFunction as unknown as typeof expressSession.MemoryStore
  export type Session = expressSession.Session
  export const Session = SessionFunction as unknown as typeof expressSession.Session
  export type Cookie = expressSession.Cookie
  export const Cookie = CookieFunction as unknown as typeof expressSession.Cookie
}
