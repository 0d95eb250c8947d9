import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Session, SessionAccess, SessionContext, SessionHeaders, Sessions } from '@tegata/core'
import { type AnyResponse, holdResponse } from '@tegata/node-response'
import vary from 'vary'
import { keepState, type RequestState, requireState, stateOf } from './request-state.ts'
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
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw new TypeError(
      `Unknown option \`${unknown}\` of session(); those of sessions belong to createSessions().`,
    )
  }

  return (req, res, next) => {
    const mounted = stateOf(req)
    if (mounted) {
      const isSame = mounted.sessions === (sessions as Sessions<object>)
      return next(
        isSame ? undefined : new TypeError('This request already has sessions of another createSessions().'),
      )
    }
    const context = sessions.open({
      cookie: req.headers.cookie,
      secure: isSecure(req),
    }) as SessionContext<object>
    const state: RequestState = { sessions: sessions as Sessions<object>, context, lazy }
    keepState(req, state)
    showSession(req)
    // Not at the session's first use: in `res.end(req.session.user)` that comes after `res.end` was looked up.
    hold(state, res, next)

    const loading = lazy ? undefined : context.load()
    if (loading) loading.then(() => next(), next)
    else next()
  }
}

/**
 * The request's session, typed: loaded at the first call where the middleware is lazy. After a logout it is a new one.
 * With `{ fresh: true }` the store itself is asked, whatever a near cache remembers.
 * Rejects with a `StoreUnavailableError` when the store cannot be reached, with a `TypeError` without the middleware.
 */
export async function getSession<Data extends object = Record<string, unknown>>(
  req: object,
  access?: SessionAccess,
): Promise<Session<Data>> {
  const state = requireState(req, 'getSession(req)')
  const before = state.context.loaded
  const session = await state.context.session(access)
  // A view of what the store says is over.
  if (before && before !== session) delete state.view
  return session as Session<object> as Session<Data>
}

/** Logs out, in one command where the session was not loaded. Answers whether there was a session to end. */
export async function destroySession(req: object): Promise<boolean> {
  const state = requireState(req, 'destroySession(req)')
  const hasEnded = await state.context.destroy()
  delete state.view
  state.isEnded = true
  return hasEnded
}

function hold(state: RequestState, res: AnyResponse, next: (error?: unknown) => void): void {
  const { context } = state
  holdResponse(res, {
    commit: () => (state.ending ? state.ending.then(() => context.commit()) : context.commit()),
    setHeaders: () => setHeaders(res, context.headers()),
    seal: () => context.seal(),
    fail: next,
  })
}

function setHeaders(res: AnyResponse, { setCookies, vary: varies }: SessionHeaders): void {
  if (varies) vary(res as ServerResponse, 'Cookie')
  if (setCookies.length === 0) return
  const others = res.getHeader('Set-Cookie') ?? []
  res.setHeader('Set-Cookie', [others, ...setCookies].flat().map(String))
  res.setHeader('Cache-Control', 'no-store')
}

function isSecure(req: IncomingMessage | Http2ServerRequest): boolean {
  // Express knows of trusted proxies.
  if ('secure' in req) return Boolean(req.secure)
  return Boolean(req.socket && 'encrypted' in req.socket && req.socket.encrypted)
}
