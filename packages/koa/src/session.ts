import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Session, SessionAccess, Sessions } from '@tegata/core'
import { keepState, requireState, stateOf } from './context-state.ts'
import type { KoaApp, KoaContext } from './koa.ts'
import { resolveOptions, type SessionMiddlewareOptions } from './options.ts'
import { RequestState } from './request-state.ts'

/** Koa's own middleware type, without needing Koa. */
export type SessionMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>

/**
 * Gives each request its session as `ctx.session`, and saves it after the handlers, before Koa answers. A store that cannot
 * be reached is thrown as a `StoreUnavailableError` (503).
 */
export function session<Data extends object>(
  sessions: Sessions<Data>,
  app: KoaApp,
  options: SessionMiddlewareOptions = {},
): SessionMiddleware {
  if (typeof sessions?.open !== 'function') {
    throw new TypeError('session() takes what createSessions() made as its first argument.')
  }
  if (typeof app?.use !== 'function') {
    throw new TypeError('session() takes the Koa application as its second argument.')
  }
  const resolved = resolveOptions(options)
  const manager = sessions as Sessions<object>
  if (!Object.hasOwn(app.context, 'session')) Object.defineProperties(app.context, contextProperties)

  return async (ctx, next) => {
    const mounted = stateOf(ctx)
    if (mounted) {
      if (mounted.sessions !== manager)
        throw new TypeError('This request already has sessions of another createSessions().')
      await next()
      return
    }
    const state = new RequestState(ctx, manager, app, resolved)
    keepState(ctx, state)
    // In an application mounted on another one the context is the other's.
    if (!('session' in ctx)) Object.defineProperties(ctx, contextProperties)
    if (!resolved.lazy) {
      await nextTurn()
      await (state.load() ?? nextTurn())
    }

    const outcome = await settle(next)
    try {
      const finishing = state.finish(outcome !== undefined)
      if (finishing) await finishing
    } catch (error) {
      // What the handler threw would be lost behind it.
      if (outcome && outcome.error !== error) app.emit('error', outcome.error, ctx)
      throw error
    }
    if (outcome) throw outcome.error
  }
}

/**
 * The request's session, typed: loaded at the first call where the middleware is lazy. After a logout it is a new one.
 * With `{ fresh: true }` it is read from the store itself, past a near cache.
 * Rejects with a `StoreUnavailableError` when the store cannot be reached, with a `TypeError` without the middleware.
 */
export async function getSession<Data extends object = Record<string, unknown>>(
  ctx: object,
  access?: SessionAccess,
): Promise<Session<Data>> {
  const session = await requireState(ctx, 'getSession(ctx)').session(access)
  return session as Session<object> as Session<Data>
}

/** Logs out, in one command where the session was not loaded. Resolves to whether there was a session to end. */
export async function destroySession(ctx: object): Promise<boolean> {
  return requireState(ctx, 'destroySession(ctx)').destroy()
}

async function settle(next: () => Promise<unknown>): Promise<{ error: unknown } | undefined> {
  try {
    await next()
    return undefined
  } catch (error) {
    return { error }
  }
}

/** One for all requests: the getters find their state on the context. Before the middleware there is no session. */
const contextProperties: PropertyDescriptorMap = {
  session: {
    configurable: true,
    get(this: object) {
      return stateOf(this)?.view
    },
    set(this: object, value: unknown) {
      requireState(this, 'ctx.session').assign(value)
    },
  },
  sessionOptions: {
    configurable: true,
    get(this: object) {
      return stateOf(this)?.sessionOptions
    },
  },
}
