import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { CookieAttributes, SessionCookie } from './cookie.ts'

/** A session as a store hands it out: data and cookie as JSON left them, or as the store keeps them. */
export interface StoredSession extends Record<string, unknown> {
  cookie: Omit<CookieAttributes, 'expires'> & { expires?: Date | string | null }
}

export type Callback = (error?: unknown) => void

/** `req.session`: what is stored as own properties, the rest out of sight. */
export interface SessionObject extends Record<string, unknown> {
  readonly req: SessionRequest
  readonly id: string
  cookie: SessionCookie
  /** Resets `cookie.maxAge`; the end of the request does it anyway. */
  touch(): this
  resetMaxAge(): this
  save(callback?: Callback): this | Promise<void>
  reload(callback?: Callback): this | Promise<void>
  destroy(callback?: Callback): this | Promise<void>
  regenerate(callback?: Callback): this | Promise<void>
}

type Done<T = unknown> = (error?: unknown, answer?: T) => void

/** What express-session asks of a store; hundreds of packages have it. */
export interface ConnectStore extends EventEmitter {
  get(id: string, done: Done<StoredSession | null>): unknown
  set(id: string, session: object, done?: Done): unknown
  destroy(id: string, done?: Done): unknown
  touch?(id: string, session: object, done?: Done): unknown
  regenerate(req: object, done?: Done): unknown
  load(id: string, done: Done<SessionObject>): unknown
  createSession(req: object, session: StoredSession): SessionObject
  /** Set by the middleware: gives a request a new session. */
  generate(req: object): void
}

/** What is read of a request, and kept on it. */
export interface SessionRequest extends IncomingMessage {
  originalUrl?: string
  /** What Express says behind a trusted proxy. */
  secure?: boolean
  /** Of cookie-parser. */
  secret?: string
  cookies?: Record<string, string | undefined>
  signedCookies?: Record<string, string | false | undefined>
  session?: SessionObject | null
  sessionID: string
  sessionStore: ConnectStore
}
