import { SessionContext, type SessionRequest } from './context.ts'
import type { ResolvedCookieOptions } from './cookie-options.ts'
import type { SessionData } from './format.ts'
import { resolveOptions, type SessionOptions } from './options.ts'
import { type DestroyByOwnerOptions, destroyByOwner, listByOwner, type OwnedSession } from './owners.ts'
import { createRuntime, type Runtime } from './runtime.ts'
import type { SessionStore } from './store.ts'

/** What holds for every session of a manager, for people and for checks; it names no secret. */
export interface SessionPolicy {
  /** Seconds. */
  idleTimeout: number
  /** Seconds; `false` for none. */
  absoluteTimeout: number | false
  rolling: boolean
  /** Seconds. */
  touchAfter: number
  /** Seconds. */
  storeTimeout: number
  /** `undefined` for any number. */
  maxSessionsPerOwner: number | undefined
  onStoreError: 'fail' | 'anonymous'
  format: string
  encrypted: boolean
  cookie: Omit<ResolvedCookieOptions, 'secrets' | 'prefix'> & { signed: boolean }
}

/** All sessions of an application: made once, by `createSessions`. */
export class Sessions<Data extends object = SessionData> {
  readonly store: SessionStore
  readonly policy: Readonly<SessionPolicy>
  readonly #runtime: Runtime

  /** @internal Use `createSessions`. */
  constructor(runtime: Runtime, policy: SessionPolicy) {
    this.#runtime = runtime
    this.store = runtime.store
    this.policy = policy
  }

  /** One request's way to its session; reads nothing yet. For integrations: applications use `getSession(req)` of theirs. */
  open(request: SessionRequest): SessionContext<Data> {
    return new SessionContext<Data>(this.#runtime, request)
  }

  /**
   * The living sessions of an owner, newest login first, for lists of devices: with handles, never with ids. Rejects with a
   * `TypeError` for a store that does not `supports.owners`, with a `StoreUnavailableError` when it cannot be reached.
   */
  listByOwner(owner: string): Promise<OwnedSession[]> {
    return listByOwner(this.#runtime, owner)
  }

  /**
   * Logs an owner out: ends every session whose login was acknowledged before this call, `except` some, or `only` some. Resolves to how
   * many it ended. Rejects with a `TypeError` for a store that does not `supports.owners`, with a `StoreUnavailableError` when
   * it cannot be reached; some may have ended then, and the same call ends the others.
   */
  destroyByOwner(owner: string, options?: DestroyByOwnerOptions): Promise<number> {
    return destroyByOwner(this.#runtime, owner, options)
  }
}

/**
 * Joins a store, a format and the rules into sessions for an application.
 * Throws a `TypeError` naming the option that is missing, unknown or impossible.
 */
export function createSessions<Data extends object = SessionData>(
  options: SessionOptions<Data>,
): Sessions<Data> {
  const resolved = resolveOptions({ ...options })
  const { secrets, prefix: _, ...cookie } = resolved.cookie
  const { idleTimeout, absoluteTimeout, rolling, touchAfter, storeTimeout, onStoreError, format } = resolved
  const { maxSessionsPerOwner } = resolved
  return new Sessions<Data>(createRuntime(resolved), {
    ...{ idleTimeout, absoluteTimeout, rolling, touchAfter, storeTimeout, onStoreError },
    maxSessionsPerOwner,
    format: format.name,
    encrypted: options.encryption !== undefined,
    cookie: { ...cookie, signed: secrets.length > 0 },
  })
}
