import { LONE_SURROGATE } from './bytes.ts'
import { commit } from './commit.ts'
import { assertExpiry, copyOfExpiry, deadlines, expiryFrom } from './deadlines.ts'
import { destroySession } from './destroy.ts'
import { type SessionError, SessionHeadersSentError, SessionInterruptedError } from './errors.ts'
import type { Expiry, SessionData, SessionHeader } from './format.ts'
import { handleOf } from './handle.ts'
import { isValueError, originBySchema } from './load.ts'
import { replaceContents } from './merge.ts'
import { isRedated, planCommit, planUpdate } from './plan.ts'
import { reload } from './reload.ts'
import type { Runtime } from './runtime.ts'
import { keysOf } from './session-keys.ts'
import type { SessionState } from './session-state.ts'

export interface AuthenticateOptions {
  /** A name for people, shown in lists of sessions: a device, a browser. */
  label?: string
}

/**
 * One request's view of its session. What a handler changes in `data` is saved before the response leaves; the verbs are
 * for what needs more than that.
 */
export class Session<Data extends object = SessionData> {
  readonly #runtime: Runtime
  readonly #state: SessionState

  /** @internal Sessions come from `SessionContext.session()`. */
  constructor(runtime: Runtime, state: SessionState) {
    this.#runtime = runtime
    this.#state = state
  }

  /** The secret that the cookie carries. Never log it; `handle` is for that. */
  get id(): string {
    return this.#state.id
  }

  /** A public name for the session, derived from its id. */
  get handle(): string {
    return handleOf(this.#state.id)
  }

  /** @internal Also of the id that it has in the store while a rotation is not stored yet. */
  get handles(): readonly string[] {
    const { id, stored } = this.#state
    return [...new Set([id, stored?.id ?? id])].map(handleOf)
  }

  /**
   * The data, a plain object: change it in place, at any depth. Assigning replaces its contents.
   * Throws a `SessionValueError` when what is stored cannot be read.
   */
  get data(): Data {
    return this.#readable().data as Data
  }

  set data(data: Data) {
    replaceContents(this.#readable().data, data as SessionData)
  }

  /** The session was not loaded from the store. */
  get isNew(): boolean {
    return this.#state.isNew
  }

  /** Epoch ms. */
  get createdAt(): number {
    return this.#state.header.createdAt
  }

  /** Epoch ms at which the session ends if it is not used again. */
  get expiresAt(): number {
    return this.#state.expiresAt
  }

  /** Epoch ms at which the session ends however much it is used; `Infinity` for never. */
  get absoluteExpiresAt(): number {
    return deadlines(this.#state.header, this.#runtime).until
  }

  /** Whose session it is, as given to `authenticate`. */
  get owner(): string | undefined {
    return this.#state.header.owner
  }

  /** Epoch ms of the last `authenticate`. */
  get authenticatedAt(): number | undefined {
    return this.#state.header.authenticatedAt
  }

  get label(): string | undefined {
    return this.#state.header.label
  }

  /** What `setExpiry` was given; `undefined` for the manager's `idleTimeout`. */
  get expiry(): Expiry {
    return copyOfExpiry(this.#state.header.expiry)
  }

  /**
   * Saves now what the end of the request would save anyway. A new session is stored even when it is empty.
   * Rejects with a `SessionInterruptedError` when the session ended meanwhile.
   */
  save(): Promise<void> {
    return this.#exclusively(async () => {
      const plan = planCommit(this.#runtime, this.#state, true)
      if (plan) await commit(this.#runtime, this.#state, plan)
    })
  }

  /**
   * Applies `change` to the newest data and saves it at once: exact, however many requests do it at the same time. It may
   * run several times, on a fresh copy each, so it must have no other effect than on that copy. Resolves to what it
   * returned. When it throws nothing is saved.
   * Rejects with a `SessionInterruptedError` when the session ended, with a `StoreUnavailableError` whose `outcome` is
   * `'unknown'` when a reply was lost and it cannot be told whether the change was made.
   */
  update<T>(change: (data: Data) => T | Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      const plan = planUpdate(this.#runtime, this.#readable())
      return commit(this.#runtime, this.#state, plan, change as (data: SessionData) => unknown) as Promise<T>
    })
  }

  /** Forgets this request's changes of `data` for what the store holds now. */
  reload(): Promise<void> {
    return this.#exclusively(() => reload(this.#runtime, this.#readable()))
  }

  /** Whether `rotate()` has its effect: not where sessions can only be read, nor once the response's headers have left. */
  get canRotate(): boolean {
    return !this.#runtime.format.isReadOnly && !this.#state.sealed
  }

  /**
   * Gives the session a new id, keeping its data; the old id stops working. Do it whenever a privilege changes. The id shows
   * at once and is stored with the next save, or at the end of the request.
   */
  rotate(): Promise<void> {
    return this.#exclusively(async () => {
      const state = this.#readable()
      this.#assertCookieCanChange()
      if (state.status !== 'new' && state.status !== 'stored')
        throw state.error ?? new SessionInterruptedError()
      this.#renew()
      if (state.status === 'stored') state.rotation ??= { login: false, fresh: false }
    })
  }

  /**
   * Logs `owner` in: sets the owner, records when, restarts the absolute deadline and always changes the id. Where the
   * session ended or cannot be read, or was another owner's, a new one starts, with what this request itself put in.
   * Stored with the next save, or at the end of the request.
   */
  authenticate(owner: string, options: AuthenticateOptions = {}): Promise<void> {
    // Of half a surrogate pair nothing is left in UTF-8 that tells one owner from another.
    if (typeof owner !== 'string' || owner === '' || LONE_SURROGATE.test(owner)) {
      throw new TypeError('authenticate() takes the owner as a non-empty string of well-formed Unicode.')
    }
    if (!['string', 'undefined'].includes(typeof options.label)) {
      throw new TypeError('The option `label` of authenticate() must be a string.')
    }
    return this.#exclusively(async () => {
      const state = this.#state
      this.#assertCookieCanChange()
      // First, so that nothing is missed that changes while it is waited for.
      const initial = this.#runtime.schema && (await originBySchema(this.#runtime))
      const now = this.#runtime.now()
      const isOthers = state.header.owner !== undefined && state.header.owner !== owner
      const { label: _, ...header } = state.header
      // Not spread again: on Node 20 each copy that is added to has a shape of its own.
      const next: SessionHeader = Object.assign(header, { owner, authenticatedAt: now })
      if (options.label !== undefined) next.label = options.label
      this.#renew()
      if (state.status === 'stored' && this.#canRead()) {
        if (isOthers) state.live.startOver(state.live.ownChanges(), initial)
        state.header = isOthers ? state.ownHeader({ ...next, createdAt: now }) : next
        state.rotation = { login: true, fresh: isOthers || state.rotation?.fresh === true }
      } else if (state.status === 'new') {
        state.header = next
      } else {
        const own = state.status === 'invalid' ? {} : state.live.ownChanges()
        state.startOver({ ...next, createdAt: now }, own, initial)
      }
      this.#date()
    })
  }

  /** Ends the session now, in the store first. Resolves to whether there was one to end. */
  destroy(): Promise<boolean> {
    return this.#exclusively(() => destroySession(this.#runtime, this.#state))
  }

  /**
   * How long the session lasts: a number of seconds without use, a date whatever happens, `'browser'` for a cookie that ends
   * with the browser's session, `undefined` for the manager's `idleTimeout`. A date in the past, 0 or less ends the session.
   */
  setExpiry(expiry: Expiry): void {
    assertExpiry(expiry)
    const state = this.#readable()
    const { expiry: _, ...header } = state.header
    const next: SessionHeader = header
    if (expiry !== undefined) next.expiry = copyOfExpiry(expiry)
    if (state.sealed && isRedated(this.#runtime, state, next)) throw new SessionHeadersSentError()
    state.header = next
    state.hasSetExpiry = true
    this.#date()
  }

  /** Moves the idle deadline at the end of the request even if nothing is saved. */
  touch(): void {
    this.#state.touched = true
    this.#date()
  }

  /** What may be shown and logged. */
  toJSON() {
    const { handle, isNew, createdAt, expiresAt, owner } = this
    return { handle, isNew, createdAt, expiresAt, owner }
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toJSON()
  }

  #exclusively<T>(operation: () => Promise<T>): Promise<T> {
    return this.#state.exclusively(operation)
  }

  /** Throws a `SessionValueError` where there is something that cannot be read. */
  #readable(): SessionState {
    if (!this.#canRead()) throw this.#state.error
    return this.#state
  }

  #canRead(): boolean {
    const state = this.#state
    if (state.status !== 'stored') return state.status !== 'invalid'
    try {
      state.data
      return true
    } catch (error) {
      if (!isValueError(error)) throw error
      this.#invalidate(error)
      return false
    }
  }

  #invalidate(error: SessionError): void {
    const state = this.#state
    this.#runtime.emit(() => ({ type: 'invalid-value', handle: handleOf(state.id), error }))
    state.error = error
    if (state.stored) state.superseded = keysOf(this.#runtime.format, state.stored.id)
    state.stored = undefined
    state.status = 'invalid'
  }

  #assertCookieCanChange(): void {
    if (this.#state.sealed) throw new SessionHeadersSentError()
  }

  #renew(): void {
    this.#state.id = this.#runtime.format.createId(this.#runtime.random)
  }

  #date(): void {
    this.#state.expiresAt = expiryFrom(this.#runtime.now(), deadlines(this.#state.header, this.#runtime))
  }
}
