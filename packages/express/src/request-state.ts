import type { SessionContext, Sessions } from '@tegata/core'

/**
 * Kept beside the requests, and shared by the ESM and the CommonJS build of this package, which an application may load both.
 */
const STATES = Symbol.for('@tegata/express')

/** What the middleware keeps on a request. */
export interface RequestState {
  sessions: Sessions<object>
  context: SessionContext<object>
  lazy: boolean
  /** `req.session`, once it was asked for. */
  view?: object
  /** This request has logged out. */
  isEnded?: boolean
  /** A logout that nobody waits for: the response does. */
  ending?: Promise<void>
}

type Registry = { [STATES]?: WeakMap<object, RequestState> }

const registry = globalThis as Registry
registry[STATES] ??= new WeakMap()
const states = registry[STATES]

export const stateOf = (req: object): RequestState | undefined => states.get(req)

export function keepState(req: object, state: RequestState): void {
  states.set(req, state)
}

export function requireState(req: object, caller: string): RequestState {
  const state = stateOf(req)
  if (!state)
    throw new TypeError(
      `${caller} needs the middleware: app.use(session(sessions)) comes before this handler.`,
    )
  return state
}
