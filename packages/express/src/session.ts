import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Session, SessionAccess, Sessions } from '@tegata/core'
import { holdResponse, inNextTurn, shareShape } from '@tegata/node-response'
import { keepState, RequestState, requireState, stateOf } from './request-state.ts'
import { showSession } from './session-property.ts'

export interface SessionMiddlewareOptions {
  /**
   * `true`: load a session only when a handler asks with `await getSession(req)`. Default `false`: before the handlers, so that
   * `req.session` is there at once.
   */
  lazy?: boolean
}

/** Express' own middleware type, without needing Express: bare Node servers fit as well, HTTP/2's compatibility API included. */
export type SessionMiddleware = (
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Gives each request its session, and holds each response that has something to save until it is saved. A store that
 * cannot be reached goes to `next(error)` as a `StoreUnavailableError` (503).
 */
export function session<Data extends object>(
  sessions: Sessions<Data>,
  options: SessionMiddlewareOptions = {},
): SessionMiddleware {
  if (typeof sessions?.open !== 'function') {
    throw new TypeError('session() takes what createSessions() made as its first argument.')
  }
  const { lazy = false, ...others } = options
  if (typeof lazy !== 'boolean') throw new TypeError('The option `lazy` of session() must be true or false.')
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw new TypeError(
      `Unknown option \`${unknown}\` of session(); those of sessions belong to createSessions().`,
    )
  }

  return (req, res, next) => {
    // First: all that follows takes less time then.
    shareShape(req)
    shareShape(res)
    const mounted = stateOf(req)
    if (mounted) {
      const isSame = mounted.sessions === (sessions as Sessions<object>)
      return next(
        isSame ? undefined : new TypeError('This request already has sessions of another createSessions().'),
      )
    }
    const state = new RequestState(req, sessions as Sessions<object>, lazy, next)
    keepState(state)
    showSession(req)
    // Not at the session's first use: in `res.end(req.session.user)` that comes after `res.end` was looked up.
    holdResponse(res, state)

    if (lazy) next()
    // So that requests that arrived together are taken together, step by step.
    else inNextTurn(() => load(state, next))
  }
}

function load({ context }: RequestState, next: (error?: unknown) => void): void {
  let loading: Promise<void> | undefined
  try {
    loading = context.load()
  } catch (error) {
    return next(error)
  }
  if (loading) loading.then(() => next(), next)
  else inNextTurn(next)
}

/**
 * The request's session, typed: loaded at the first call where the middleware is lazy. After a logout it is a new one.
 * With `{ fresh: true }` it is read from the store itself, past a near cache.
 * Rejects with a `StoreUnavailableError` when the store cannot be reached, with a `TypeError` without the middleware.
 */
export async function getSession<Data extends object = Record<string, unknown>>(
  req: object,
  access?: SessionAccess,
): Promise<Session<Data>> {
  const state = requireState(req, 'getSession(req)')
  const before = state.context.loaded
  if (before && !access?.fresh) return before as Session<object> as Session<Data>
  const session = await state.context.session(access)
  // A view of what the store says is over.
  if (before && before !== session) state.view = undefined
  return session as Session<object> as Session<Data>
}

/** Logs out, in one command where the session was not loaded. Resolves to whether there was a session to end. */
export async function destroySession(req: object): Promise<boolean> {
  const state = requireState(req, 'destroySession(req)')
  const hasEnded = await state.context.destroy()
  state.view = undefined
  state.isEnded = true
  return hasEnded
}
