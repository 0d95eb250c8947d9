import type { RequestSession } from './request-session.ts'

/** What sessions hold, for the type of `req.session`; applications add to it by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged with.
export interface SessionData {}

declare global {
  namespace Express {
    interface Request {
      /** The session's data as properties; `undefined` after a logout. */
      session: RequestSession<SessionData>
    }
  }
}
