import {
  type Session,
  type SessionAccess,
  type SessionContext,
  SessionInterruptedError,
  type Sessions,
} from '@tegata/core'
import { ContextRequest } from './context-request.ts'
import { type ContextSession, contextSession, storable } from './context-session.ts'
import type { KoaApp, KoaContext } from './koa.ts'
import { expiryOf, type MaxAge, maxAgeOf } from './max-age.ts'
import type { ResolvedMiddlewareOptions } from './options.ts'
import { type Commit, ResponseCommit } from './response-commit.ts'
import { SessionCookies } from './session-cookies.ts'
import { emitSessionEvent } from './session-events.ts'
import { type SessionOptionsView, sessionOptions } from './session-options.ts'

/** A session that was assigned after a logout, and that begins once the logout is through. */
interface Beginning {
  data: Record<string, unknown>
  maxAge?: MaxAge
}

/** What one request does with its session: `ctx.session` in front of core's `SessionContext`. */
export class RequestState implements Commit {
  readonly ctx: KoaContext
  readonly sessions: Sessions<object>
  readonly #app: KoaApp
  readonly #options: ResolvedMiddlewareOptions
  readonly #cookies = new SessionCookies()
  readonly #commit: ResponseCommit
  #context: SessionContext<object>
  #loading: Promise<void> | undefined
  #view: ContextSession | undefined
  #sessionOptions: SessionOptionsView | undefined
  /** Logouts and beginnings that nobody waits for: the response does. A failed one stays. */
  #work: Promise<void> | undefined
  #beginning: Beginning | undefined
  /** This request has logged out. */
  #isEnded = false
  /** `ctx.session` was assigned, so that it is not new to koa-session. */
  #isAssigned = false
  /** Stored even if it is empty. */
  #isForced = false
  #isSlid = false

  constructor(ctx: KoaContext, sessions: Sessions<object>, app: KoaApp, options: ResolvedMiddlewareOptions) {
    this.ctx = ctx
    this.sessions = sessions
    this.#app = app
    this.#options = options
    this.#context = sessions.open(new ContextRequest(ctx, app, options))
    this.#commit = new ResponseCommit(ctx, app, this)
  }

  commit(): Promise<void> | undefined {
    return this.#work ? this.#work.then(() => this.#save()) : this.#save()
  }

  commitAtEnd(): Promise<void> | undefined {
    return this.#options.autoCommit ? this.commit() : this.#work
  }

  seal(): void {
    this.#context.seal()
  }

  /** Loads the session and asks the hook `valid`, once; `undefined` when there is nothing to wait for. */
  load(): Promise<void> | undefined {
    if (!this.#options.valid) return this.#context.load()
    this.#loading ??= this.#load()
    return this.#loading
  }

  async session(access?: SessionAccess): Promise<Session<object>> {
    this.#commit.hold()
    await this.#work
    // What is not loaded yet is loaded fresh at once, unless a hook looks at it first.
    if (!this.#isEnded && (this.#options.valid || !access?.fresh)) await this.load()
    return this.#context.session(access)
  }

  async destroy(): Promise<boolean> {
    this.#commit.hold()
    await this.#work
    this.#end()
    return this.#context.destroy()
  }

  /** `ctx.session`: `null` after a logout. */
  get view(): ContextSession | null {
    this.#commit.hold()
    if (!this.#beginning && !this.#current) {
      if (this.#options.lazy && !this.#isEnded) {
        throw new TypeError(
          'With the option `lazy` of session() `await getSession(ctx)` comes before ctx.session.',
        )
      }
      return null
    }
    this.#view ??= contextSession(this)
    return this.#view
  }

  /** `ctx.session = …`: `null` logs out; an object replaces the data, after a logout those of a new session. */
  assign(value: unknown): void {
    this.#commit.hold()
    if (value === null) {
      this.#end()
      this.#then(() => this.#context.destroy())
      return
    }
    if (typeof value !== 'object') throw new TypeError('ctx.session takes an object, or null to log out.')
    if (value === this.#view) return
    const data = storable(value)
    if (this.#current) this.#current.data = data
    else if (this.#isEnded) this.#begin({ ...this.#beginning, data })
    else throw new TypeError('There is no session to assign to: `await getSession(ctx)` comes first.')
    this.#isAssigned = true
    this.#isForced = false
  }

  /** The data behind `ctx.session`. */
  get data(): Record<string, unknown> {
    return this.#beginning?.data ?? ((this.#current?.data ?? {}) as Record<string, unknown>)
  }

  get isNew(): boolean {
    return !this.#isAssigned && this.#current?.isNew !== false
  }

  get id(): string | undefined {
    return this.#current?.id
  }

  get maxAge(): MaxAge {
    const { policy } = this.sessions
    return this.#beginning?.maxAge ?? maxAgeOf(policy, this.#current)
  }

  set maxAge(maxAge: MaxAge | null | undefined) {
    this.#isForced = true
    if (this.#beginning) this.#beginning.maxAge = maxAge || 'session'
    else if (this.#current) {
      this.#current.setExpiry(expiryOf(maxAge))
      this.#current.touch()
    }
  }

  get sessionOptions(): SessionOptionsView {
    this.#sessionOptions ??= sessionOptions(this, this.#options)
    return this.#sessionOptions
  }

  /** Rejects with a `SessionInterruptedError` when the session ended meanwhile. */
  async save(): Promise<void> {
    await this.#write((session) => session.save())
  }

  /** A new id for the same data, stored at once. */
  async regenerate(): Promise<void> {
    await this.#write(async (session) => {
      await session.rotate()
      await session.save()
    })
  }

  /** What the end of the request does, now. */
  commitNow(): Promise<void> {
    return this.#commit.now()
  }

  /** After the handlers, whatever became of them, and before Koa answers. */
  finish(hasThrown: boolean): Promise<void> | undefined {
    const finishing = this.#commit.finish()
    if (!hasThrown) return finishing
    if (finishing) return finishing.then(() => this.#cookies.forget())
    this.#cookies.forget()
    return undefined
  }

  /** The session, while no logout is under way. */
  get #current(): Session<object> | undefined {
    return this.#work ? undefined : this.#context.loaded
  }

  async #load(): Promise<void> {
    await this.#context.load()
    const { valid } = this.#options
    if (!valid) return
    const session = await this.#context.session()
    const data = session.isNew ? undefined : readableData(session)
    if (!data || (await valid(this.ctx, data))) return
    emitSessionEvent(this.#app, this.ctx, 'session:invalid', session.handle, data)
    this.#context = this.sessions.open({ secure: this.ctx.secure })
    await this.#context.load()
  }

  /** Nothing that was asked of the session is asked of its successor. */
  #end(): void {
    this.#isEnded = true
    this.#isAssigned = false
    this.#isForced = false
    this.#beginning = undefined
  }

  #begin(beginning: Beginning): void {
    this.#beginning = beginning
    this.#then(async () => {
      const session = await this.#context.session()
      // Another logout was faster.
      if (this.#beginning !== beginning) return
      session.data = beginning.data
      if (beginning.maxAge !== undefined) session.setExpiry(expiryOf(beginning.maxAge))
      this.#beginning = undefined
    })
  }

  #then(operation: () => Promise<unknown>): void {
    const work = (this.#work ?? Promise.resolve()).then(operation).then(() => {
      if (this.#work === work) this.#work = undefined
    })
    this.#work = work
    // The commit tells of it.
    work.catch(() => {})
  }

  async #write(write: (session: Session<object>) => Promise<void>): Promise<void> {
    this.#commit.hold()
    await this.#work
    const session = this.#current
    if (!session) throw new SessionInterruptedError()
    this.#beforeSave()
    await write(session)
    this.#isForced = false
    this.setHeaders()
  }

  #save(): Promise<void> | undefined {
    try {
      this.#slide()
      const isForced = this.#isForced && this.#current?.isNew === true
      if (isForced || (this.#options.beforeSave && this.#context.isDirty)) this.#beforeSave()
      this.#isForced = false
      return isForced ? this.#current?.save().catch(unlessInterrupted) : this.#context.commit()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #beforeSave(): void {
    const { view } = this
    if (view) this.#options.beforeSave?.(this.ctx, view)
  }

  /** As the options `rolling` and `renew` ask, once per request. */
  #slide(): void {
    const { rolling, renew } = this.#options
    if (this.#isSlid || !(rolling || renew)) return
    this.#isSlid = true
    const session = this.#current
    if (!session || session.isNew) return
    const { maxAge } = this
    const isDue = typeof maxAge === 'number' && session.expiresAt - Date.now() < maxAge / 2
    if (rolling || isDue) session.touch()
  }

  setHeaders(): void {
    const { ctx } = this
    if (ctx.res.headersSent) return
    const { externalKey } = this.#options
    if (this.#cookies.set(ctx, this.#context, externalKey)) this.#commit.hold()
  }
}

/** Dropped, and an event has told so, as for whatever nobody saved explicitly. */
function unlessInterrupted(error: unknown): void {
  if ((error as { code?: string }).code !== 'SESSION_INTERRUPTED') throw error
}

/** `undefined` for what cannot be read: it shows where a handler uses it. */
function readableData(session: Session<object>): Record<string, unknown> | undefined {
  try {
    return session.data as Record<string, unknown>
  } catch {
    return undefined
  }
}
