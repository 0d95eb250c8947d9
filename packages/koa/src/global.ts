import type {} from 'koa'
import type { ContextSession } from './context-session.ts'
import type { SessionOptionsView } from './session-options.ts'

/** What sessions hold, for the type of `ctx.session`; applications add to it by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged with.
export interface SessionData {}

declare module 'koa' {
  interface ExtendableContext {
    /** The session's data as properties; `null` after a logout. */
    get session(): ContextSession<SessionData>
    set session(data: SessionData | null)
    readonly sessionOptions: SessionOptionsView
  }
}
