import { type Hold, type Kept, requestSlot } from '@tegata/node-response'
import type { ConnectStore, SessionObject } from './types.ts'

/** What a keeper leaves to be answered for. */
export interface Legacy {
  /** Of a call that nobody waited for. */
  failure: { error: unknown } | undefined
  /** It ended the session of its cookie. */
  hasEnded: boolean
  /** Whose cookie that is: the middleware's. */
  mount: object
}

/** What a request's session, its store and the middleware ask of whoever keeps it; `isHeard`: somebody waits for the answer. */
export interface SessionKeeper extends Kept, Hold {
  /** `req.sessionID` */
  sessionID: string
  /** `req.sessionStore` */
  sessionStore: ConnectStore
  /** Tells without making one. */
  readonly hasSession: boolean
  /** The response asks it, and not only through a keeper that gave way: each build of this package holds responses by itself. */
  readonly isAsked: boolean
  save(session: SessionObject, isHeard: boolean): Promise<void>
  reload(session: SessionObject): Promise<void>
  destroy(id: string, isHeard: boolean): Promise<void>
  regenerate(): Promise<void>
  /** A new session takes the place of whichever the request had. */
  generate(): void
  /** The response is held once: what its end asks of this keeper is the other one's from here on. */
  giveWay(successor: SessionKeeper): void
  inherit(legacy: Legacy): void
}

/** Shared by the ESM and the CommonJS build, which an application may load both. */
const keepers = requestSlot<SessionKeeper>(Symbol.for('@tegata/express/express-session'))

/** What the middleware keeps for a request; none for the bare objects that stores make sessions with. */
export const keeperOf = (req: object): SessionKeeper | undefined => keepers.get(req)

export const setKeeper = (keeper: SessionKeeper): void => keepers.set(keeper)
