import { commit } from './commit.ts'
import { cookieDeadline } from './deadlines.ts'
import { destroyById } from './destroy.ts'
import { crossesIdentity } from './draft.ts'
import type { SessionError } from './errors.ts'
import type { SessionEvent } from './events.ts'
import type { SessionData } from './format.ts'
import { bar } from './interruption.ts'
import { loadState, newState, newStateBySchema, recallState } from './load.ts'
import { type Plan, planCommit } from './plan.ts'
import { listenedTo, type Runtime } from './runtime.ts'
import { Session } from './session.ts'
import type { SessionState } from './session-state.ts'

/** What an integration knows of a request; it is asked when that is needed, once or more. */
export interface SessionRequest {
  /** The request's Cookie header. */
  cookie?: string | undefined
  /** Whether the request came over TLS, as seen by the client: what the framework says behind a trusted proxy. Default `false`. */
  secure?: boolean
  /** An id that came in another way than the cookie, which is then not looked at: untrusted all the same. */
  id?: string | undefined
  /** Called with what happens to this request's session, after the manager's own listener. */
  onEvent?: ((event: SessionEvent) => void) | undefined
}

export interface SessionAccess {
  /**
   * As the store itself holds it, whatever a near cache remembers or this request read before: for what must not be done by a
   * session that ended elsewhere a moment ago. Costs a command. Default `false`.
   */
  fresh?: boolean
}

/** What a response has to say of its session, once the commit is through. */
export interface SessionHeaders {
  /** `Set-Cookie` values. A response that carries one must not be stored: `Cache-Control: no-store`. */
  setCookies: readonly string[]
  /** The response depends on the session: `Vary: Cookie`. */
  vary: boolean
}

/** What became of the id that the client holds, for integrations that carry it otherwise than in cookies. */
export type IdChange =
  /** `expiresAt` in epoch ms; `undefined` for as long as the browser runs. */
  { type: 'set'; id: string; expiresAt: number | undefined } | { type: 'clear' }

/** What most responses have to say. */
const NOTHING: SessionHeaders = { setCookies: [], vary: false }
const VARY: SessionHeaders = { setCookies: [], vary: true }

/**
 * One request's way to its session, for integrations: load → handler → `commit()` → `headers()` → first byte, `seal()`
 * in between where a response streams on.
 */
export class SessionContext<Data extends object = SessionData> {
  readonly #runtime: Runtime
  readonly #request: SessionRequest
  #isSecure: boolean | undefined
  /** What the cookie says, once it was looked at. */
  #cookie: { id: string | undefined; isPresent: boolean } | undefined
  #loading: Promise<void> | undefined
  #state: SessionState | undefined
  #session: Session<Data> | undefined
  #isRead = false
  /** What was loaded came from the store itself. */
  #isFresh = false
  #isSealed = false
  /** The cookie's id, under which nothing was found to end: nobody has asked why. */
  #missed: string | undefined
  /** One for all who ask for the session after `destroy()`. */
  #following: Promise<void> | undefined
  /** This request ended a session that the browser still has the cookie of. */
  #isCleared = false
  /** The state of which a commit failed. */
  #givenUp: SessionState | undefined

  /** @internal Contexts come from `Sessions.open()`. */
  constructor(runtime: Runtime, request: SessionRequest) {
    this.#runtime = request.onEvent ? listenedTo(runtime, request) : runtime
    this.#request = request
  }

  /**
   * Loads the session ahead of its use: `undefined` when there is nothing to wait for.
   * Rejects with a `StoreUnavailableError`, once and for the whole request.
   */
  load({ fresh = false }: SessionAccess = {}): Promise<void> | undefined {
    if (this.#state) return undefined
    if (!this.#loading) {
      const id = this.#readCookie().id
      if (id === undefined && !this.#runtime.schema) {
        this.#begin(newState(this.#runtime))
        return undefined
      }
      const known = id === undefined || fresh ? undefined : recallState(this.#runtime, id)
      if (known) {
        this.#begin(known)
        return undefined
      }
      this.#isFresh = fresh
      this.#loading = this.#find(id, fresh)
    }
    return this.#loading
  }

  /**
   * The session, loaded at the first call; after `destroy()` a new one, which only a login can start where another request was
   * faster to end the last one. Rejects with a `StoreUnavailableError`; a stored value that cannot be read shows only where its
   * data is used.
   */
  session(access?: SessionAccess): Promise<Session<Data>> {
    const { loaded } = this
    return loaded && !access?.fresh ? Promise.resolve(loaded) : this.#findSession(access)
  }

  async #findSession(access: SessionAccess = {}): Promise<Session<Data>> {
    await this.load(access)
    if (access.fresh) await this.#refresh()
    while (this.#state?.status === 'ended') {
      this.#following ??= this.#follow(this.#state).finally(() => {
        this.#following = undefined
      })
      await this.#following
    }
    return this.#session as Session<Data>
  }

  /** Begins what follows the session that `destroy()` ended. */
  async #follow(ended: SessionState): Promise<void> {
    const { isLate } = ended
    const next = await (this.#missed === undefined
      ? newStateBySchema(this.#runtime, isLate ? 'barred' : 'new')
      : loadState(this.#runtime, this.#missed, true))
    // By `restart()` one may have begun meanwhile.
    if (this.#state !== ended) return
    this.#missed = undefined
    this.#begin(next)
  }

  /** Ends the session and begins a new one, as a login does: whoever ended the last one. */
  async restart(): Promise<Session<Data>> {
    await this.destroy()
    this.#missed = undefined
    this.#begin(await newStateBySchema(this.#runtime))
    return this.#session as Session<Data>
  }

  /** The session, if it has been loaded and not been destroyed. */
  get loaded(): Session<Data> | undefined {
    this.#isRead = true
    return this.#state?.status === 'ended' ? undefined : this.#session
  }

  /** Ends the session, in one command where it was not loaded. Resolves to whether there was one. */
  async destroy(): Promise<boolean> {
    this.#isRead = true
    // A load that failed says nothing of whether the store can be reached now.
    if (this.#loading) await this.#loading.catch(() => {})
    if (this.#session) return this.#session.destroy()
    const { id } = this.#readCookie()
    const ends = async (id: string | undefined) => id !== undefined && (await destroyById(this.#runtime, id))
    const hasEnded = (await ends(id)) || (await ends(this.#otherId(id)))
    const state = newState(this.#runtime, 'ended')
    if (hasEnded) state.cookie = 'clear'
    else this.#missed = id
    this.#begin(state)
    return hasEnded
  }

  /** Whether `commit()` has something to do, as things stand: for hooks that run before a save. Throws where it would reject. */
  get isDirty(): boolean {
    const state = this.#state
    return state !== undefined && state !== this.#givenUp && planCommit(this.#runtime, state) !== undefined
  }

  /**
   * Saves what the handlers changed: `undefined`, at once, when there is nothing to save. Rejects with a `SessionError`;
   * changes to a session that ended meanwhile are dropped with an event. What failed is not tried again, so that an
   * error page does not fail for the same reason.
   */
  commit(): Promise<void> | undefined {
    const state = this.#state
    if (!state || state === this.#givenUp) return undefined
    if (state.busy) return state.exclusively(() => this.#commit(state))
    try {
      const plan = planCommit(this.#runtime, state)
      return plan && state.exclusively(() => this.#perform(state, plan))
    } catch (error) {
      this.#givenUp = state
      return Promise.reject(error)
    }
  }

  /** The headers have left: from here on what needs a cookie is a `SessionHeadersSentError`. */
  seal(): void {
    this.#isSealed = true
    if (this.#state) this.#state.sealed = true
  }

  /** After `commit()`, before the first byte. */
  headers(): SessionHeaders {
    const { transport, cookie, now, emit } = this.#runtime
    const vary = this.#isRead
    const change = this.idChange()
    if (!change) return vary ? VARY : NOTHING
    if (change.type === 'clear') return { setCookies: transport.clear(this.#secure), vary }
    if (cookie.secure === true && !this.#secure)
      emit({ type: 'insecure-cookie', name: transport.nameFor(true) })
    // A sliding deadline in whole seconds is the same for a fast and a slow response: counted from the write.
    const from = cookie.deadline === 'idle' ? (this.#state?.datedAt ?? now()) : now()
    return { setCookies: transport.set(change.id, this.#secure, change.expiresAt, from), vary }
  }

  /** What the client has to be told of its session's id; `undefined` for nothing. `headers()` says it in cookies. */
  idChange(): IdChange | undefined {
    const { stored, cookie: change, expiresAt } = this.#state ?? {}
    if (change === 'set' && stored) {
      const until = cookieDeadline(stored.header, this.#runtime)
      const isIdle = until !== undefined && this.#runtime.cookie.deadline === 'idle'
      return { type: 'set', id: stored.id, expiresAt: isIdle ? expiresAt : until }
    }
    const isCleared = this.#isCleared || change === 'clear'
    return isCleared && this.#readCookie().isPresent ? { type: 'clear' } : undefined
  }

  async #commit(state: SessionState): Promise<void> {
    try {
      const plan = planCommit(this.#runtime, state)
      if (plan) await this.#perform(state, plan)
    } catch (error) {
      this.#givenUp = state
      throw error
    }
  }

  async #perform(state: SessionState, plan: Plan): Promise<void> {
    try {
      // Saved explicitly, in vain, and perhaps nobody noticed: at once, without a second wait.
      if (state.failure) throw state.failure
      await commit(this.#runtime, state, plan)
    } catch (error) {
      // Dropped, and an event has told so.
      if (plan.kind === 'drop' || (error as SessionError).code === 'SESSION_INTERRUPTED') return
      this.#givenUp = state
      throw error
    }
  }

  /**
   * Takes what the store itself holds for what a near cache remembered, keeping what this request changed. Where the session
   * ended or became another login's, this request goes on with what it would have found, and those changes are dropped.
   */
  async #refresh(): Promise<void> {
    const state = this.#state
    if (this.#isFresh || state?.status !== 'stored') return
    await state.exclusively(async () => {
      const { stored } = state
      // Ended by this request meanwhile, or about to be moved: the store has said, or will say, how it stands.
      if (this.#isFresh || !stored || state.status !== 'stored' || state.rotation) return
      const now = await loadState(this.#runtime, stored.id, true)
      this.#isFresh = true
      if (now.stored && !crossesIdentity(this.#runtime, stored, now.stored))
        return state.takeIn(now.stored, now.expiresAt)
      if (state.live.differs(state.live.snapshot())) bar(this.#runtime, state)
      this.#begin(now)
    })
  }

  async #find(id: string | undefined, fresh: boolean): Promise<void> {
    const runtime = this.#runtime
    const state = await (id === undefined ? newStateBySchema(runtime) : loadState(runtime, id, fresh))
    const other = state.status === 'new' ? this.#otherId(id) : undefined
    if (other !== undefined) this.#cookie = { id: other, isPresent: true }
    this.#begin(other === undefined ? state : await loadState(runtime, other, fresh))
  }

  #begin(state: SessionState): void {
    if (this.#state?.cookie === 'clear') this.#isCleared = true
    state.sealed = this.#isSealed
    this.#state = state
    this.#session = new Session<Data>(this.#runtime, state)
  }

  /** Asked once: a connection that has gone knows no more. */
  get #secure(): boolean {
    this.#isSecure ??= this.#request.secure ?? false
    return this.#isSecure
  }

  #readCookie(): { id: string | undefined; isPresent: boolean } {
    this.#cookie ??= this.#parseCookie()
    return this.#cookie
  }

  /** The id in the second of two cookies, where the first one's names nothing. */
  #otherId(id: string | undefined): string | undefined {
    const { transport, format } = this.#runtime
    if (id === undefined || this.#request.id !== undefined) return undefined
    const text = transport.readOther?.(this.#request.cookie, this.#secure)
    return text !== undefined && text !== id && text !== 'malformed' && format.isId(text) ? text : undefined
  }

  #parseCookie() {
    const { transport, format, emit } = this.#runtime
    const text = this.#request.id ?? transport.read(this.#request.cookie, this.#secure)
    if (text === undefined) return { id: undefined, isPresent: false }
    if (text !== 'malformed' && format.isId(text)) return { id: text, isPresent: true }
    emit({ type: 'malformed-id' })
    return { id: undefined, isPresent: true }
  }
}
