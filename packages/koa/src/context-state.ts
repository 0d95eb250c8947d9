import type { RequestState } from './request-state.ts'

/** Shared by the ESM and the CommonJS build of this package, which an application may load both. */
const STATE = Symbol.for('@tegata/koa')

type Carrier = { [STATE]?: RequestState }

export const stateOf = (ctx: object): RequestState | undefined => (ctx as Carrier)[STATE]

export function keepState(ctx: object, state: RequestState): void {
  Object.defineProperty(ctx, STATE, { value: state, configurable: true })
}

export function requireState(ctx: object, caller: string): RequestState {
  const state = stateOf(ctx)
  if (!state)
    throw new TypeError(
      `${caller} needs the middleware: app.use(session(sessions, app)) comes before this handler.`,
    )
  return state
}
