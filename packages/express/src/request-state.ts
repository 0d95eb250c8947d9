import type { SessionContext, Sessions } from '@tegata/core'

/** Shared by the ESM and the CommonJS build of this package, which an application may load both. */
const STATE = Symbol.for('@tegata/express')

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

type Carrier = { [STATE]?: RequestState }

export const stateOf = (req: object): RequestState | undefined => (req as Carrier)[STATE]

export function keepState(req: object, state: RequestState): void {
  Object.defineProperty(req, STATE, { value: state, configurable: true })
}

export function requireState(req: object, caller: string): RequestState {
  const state = stateOf(req)
  if (!state)
    throw new TypeError(
      `${caller} needs the middleware: app.use(session(sessions)) comes before this handler.`,
    )
  return state
}
