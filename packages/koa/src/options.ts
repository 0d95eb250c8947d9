import type { ContextSession } from './context-session.ts'
import type { KoaContext } from './koa.ts'

/** What `session()` takes, by koa-session's names. Lifetimes and the cookie belong to `createSessions()`. */
export interface SessionMiddlewareOptions {
  /**
   * `true`: load a session only when a handler asks with `await getSession(ctx)`. Default `false`: before the handlers, so
   * that `ctx.session` is there at once.
   */
  lazy?: boolean
  /** Default `true`. `false`: only `save()`, `regenerate()` and `manuallyCommit()` save. */
  autoCommit?: boolean
  /** `true`: every request that brings a session moves its idle deadline, with a second command. Default `false`. */
  rolling?: boolean
  /** `true`: the same, once half of the idle timeout is over. Default `false`. */
  renew?: boolean
  /** Carries the id otherwise than in a cookie, which is then not looked at. Default: the cookie. */
  externalKey?: ExternalKey
  /** Says whether a loaded session is good for this request; if not, it stays where it is and a new one takes its place. Default: every one is. */
  valid?(ctx: KoaContext, data: Record<string, unknown>): boolean | Promise<boolean>
  /** Runs before each save, and may change what is saved. Default: nothing runs. */
  beforeSave?(ctx: KoaContext, session: ContextSession): void
}

export interface ExternalKey {
  /** The id that a request brings; untrusted all the same. */
  get(ctx: KoaContext): string | undefined
  /** Called with every new id, and with `''` when the session ended, before the response leaves; once more for an error's. */
  set(ctx: KoaContext, key: string): void
}

/** What the code reads: nothing optional but the hooks. */
export interface ResolvedMiddlewareOptions
  extends Pick<SessionMiddlewareOptions, 'externalKey' | 'valid' | 'beforeSave'> {
  lazy: boolean
  autoCommit: boolean
  rolling: boolean
  renew: boolean
}

const defaults = { lazy: false, autoCommit: true, rolling: false, renew: false }
const HOOKS = ['valid', 'beforeSave'] as const

/** Throws a `TypeError` naming the option that is unknown or impossible. */
export function resolveOptions(options: SessionMiddlewareOptions): ResolvedMiddlewareOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(defaults, name)) assert(name, typeof given[name] === 'boolean', 'be true or false')
    else if (HOOKS.includes(name as 'valid')) assert(name, typeof given[name] === 'function', 'be a function')
    else if (name === 'externalKey')
      assert(name, isExternalKey(given[name]), 'have get(ctx) and set(ctx, key)')
    else {
      throw new TypeError(
        `Unknown option \`${name}\` of session(); those of sessions and their cookies belong to createSessions().`,
      )
    }
  }
  return { ...defaults, ...given }
}

function assert(name: string, ok: boolean, must: string): void {
  if (!ok) throw new TypeError(`The option \`${name}\` of session() must ${must}.`)
}

const isExternalKey = (value: Partial<ExternalKey> | null) =>
  typeof value?.get === 'function' && typeof value.set === 'function'
