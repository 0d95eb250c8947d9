import { sharedPrototype } from '@tegata/node-response'
import { requestSession } from './request-session.ts'
import { type RequestState, stateOf } from './request-state.ts'

/**
 * Makes `req.session` show the session that is kept for the request. In Express it does so for every request of every application,
 * by `express.request`: once Express has given a request its prototype, each property added to it costs microseconds.
 */
export function showSession(req: object): void {
  const prototype = sharedPrototype(req)
  if (!prototype || Object.hasOwn(req, 'session')) Object.defineProperty(req, 'session', sessionProperty)
  else if (!Object.hasOwn(prototype, 'session')) Object.defineProperty(prototype, 'session', sessionProperty)
}

const sessionProperty: PropertyDescriptor = {
  configurable: true,
  get(this: object) {
    const state = stateOf(this)
    if (!state) return undefined
    const { loaded } = state.context
    if (loaded && !state.ending) {
      state.view ??= requestSession(state, loaded)
      return state.view
    }
    if (state.lazy && !state.isEnded) {
      throw new TypeError(
        'With session(sessions, { lazy: true }) `await getSession(req)` comes before req.session.',
      )
    }
    return undefined
  },
  set(this: object, value: unknown) {
    const state = stateOf(this)
    if (state) return replaceSession(state, value)
    // A request without the middleware: its session is somebody else's.
    Object.defineProperty(this, 'session', { configurable: true, enumerable: true, writable: true, value })
  },
}

/** `req.session = null` logs out, as elsewhere; an object replaces the data. */
function replaceSession(state: RequestState, value: unknown): void {
  if (value === null || value === undefined) {
    state.isEnded = true
    state.ending = state.context.destroy().then(() => {
      state.view = undefined
      state.ending = undefined
    })
    // The commit tells of it.
    state.ending.catch(() => {})
    return
  }
  const { loaded } = state.context
  if (!loaded || state.ending)
    throw new TypeError('There is no session to assign to: use `await getSession(req)`.')
  if (typeof value !== 'object') throw new TypeError('req.session takes an object, or null to log out.')
  if (value !== state.view) loaded.data = { ...value }
}
