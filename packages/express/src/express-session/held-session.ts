import type { SessionCookie } from './cookie.ts'
import type { LoadedData } from './loaded-data.ts'
import type { ConnectStore, SessionObject, SessionRequest, StoredSession } from './types.ts'

/** Milliseconds by which a deadline may lag behind the end of a response. */
export const MOST_LAG = 1000

/** One session of a request at its store. What it rejects with is what `next` is told. */
export interface HeldSession {
  /** Under which it is stored, or will be. */
  readonly id: string
  /** What was loaded. */
  open(): { stored: StoredSession; loaded: LoadedData }
  /**
   * Stores what `session` holds, which is `data`; answers the data that are now stored. What others changed meanwhile is put
   * into `session`. Rejects with a `SessionInterruptedError` when the session ended meanwhile.
   */
  save(session: SessionObject, data: LoadedData): Promise<LoadedData>
  /** Whether a touch would move the deadline by nothing that matters, of a session that is stored as `session` has it. */
  isTouched(session: SessionObject | undefined): boolean
  /** Moves the deadline of what is stored; `session` only if the request has looked at it. Rejects as `save` does. */
  touch(session: SessionObject | undefined): Promise<void>
  /** Rejects with a `SessionInterruptedError` when there is nothing any more. */
  reload(): Promise<{ stored: StoredSession; data: LoadedData }>
  /** Answers whether there was something to end. */
  destroy(): Promise<boolean>
}

/** Either kind of store, as the middleware needs it. */
export interface Backend {
  /** `req.sessionStore` */
  readonly store: ConnectStore
  /** `undefined` when there is no such session. */
  load(id: string): Promise<HeldSession | undefined>
  /** A session that is not stored yet. */
  create(id: string): HeldSession
  /** What a store does in its own way. */
  readonly own: {
    /** Gives a request a session of what is stored. */
    createSession?(req: SessionRequest, stored: StoredSession): void
    /** Gives a request a new session in place of the one that it has. */
    regenerate?(req: SessionRequest): Promise<void>
  }
}

/** Whether two cookies say the same, but for their dates, which move at each request. */
export const isSameCookie = (
  a: StoredSession['cookie'] | undefined,
  b: SessionCookie | StoredSession['cookie'],
): boolean =>
  a !== undefined &&
  Object.is(a.originalMaxAge, b.originalMaxAge) &&
  a.httpOnly === b.httpOnly &&
  a.path === b.path &&
  a.domain === b.domain &&
  a.secure === b.secure &&
  a.sameSite === b.sameSite &&
  a.priority === b.priority &&
  a.partitioned === b.partitioned
