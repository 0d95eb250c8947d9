import { type SessionError, SessionInterruptedError } from '@tegata/core'
import { type AnyResponse, holdResponse, inNextTurn } from '@tegata/node-response'
import type { CookieLines } from './cookie-lines.ts'
import type { Backend, HeldSession } from './held-session.ts'
import { isSecure } from './is-secure.ts'
import type { Legacy, SessionKeeper } from './keeper-of.ts'
import { LoadedData } from './loaded-data.ts'
import type { Settings } from './options.ts'
import { showKept } from './request-properties.ts'
import { addCookie, clearCookie, createCookie } from './response-cookie.ts'
import { SessionChanges } from './session-changes.ts'
import { Session } from './session-object.ts'
import type { CookieSigner, SignedId } from './signed-cookie.ts'
import { revive } from './store.ts'
import type { ConnectStore, SessionObject, SessionRequest } from './types.ts'

/** What the requests of one middleware share. */
export interface Mount {
  readonly settings: Settings
  readonly backend: Backend
  readonly signer: CookieSigner
  readonly lines: { set: CookieLines; clear: CookieLines }
  /** A new session is made when it is asked for. */
  readonly createsLate: boolean
}

/** Who learns when a call of the store fails: who made it, or the response, at its end at the latest. */
type Told = 'caller' | 'response'

/** What a request does to its session, and when the response may leave. */
export class Keeper implements SessionKeeper {
  /** Tells the application's error handlers. */
  readonly fail: (error?: unknown) => void
  /** The request. */
  readonly message: SessionRequest
  readonly #res: AnyResponse
  readonly #mount: Mount
  /** `req.sessionStore` */
  sessionStore: ConnectStore
  /** What the request's cookie names. */
  #sent: SignedId | undefined
  /** `undefined` for a new session that nobody asked for yet. */
  #id: string | undefined
  #session: SessionObject | null | undefined
  #held: HeldSession | undefined
  /** What `req.session` becomes at its first use. */
  #pending: 'nothing' | 'loaded' | 'new' = 'nothing'
  readonly #changes: SessionChanges
  /** Ids of sessions that this request ended. */
  #ended: string[] | undefined
  /** Ids of sessions that it had and left behind. */
  #past: string[] | undefined
  /** One of them was that of the cookie. */
  #hasEnded = false
  /** The session ended under this request, or could not be saved: nothing is handed out. */
  #isLost = false
  /** Of a call that nobody waits for. */
  #failure: { error: unknown } | undefined
  #busy: Promise<void> | undefined
  isAsked = false
  /** Of a middleware that ran when this one had no session any more. */
  #successor: SessionKeeper | undefined

  constructor(req: SessionRequest, res: AnyResponse, mount: Mount, next: (error?: unknown) => void) {
    this.message = req
    this.#res = res
    this.#mount = mount
    this.#changes = new SessionChanges(mount.settings)
    this.sessionStore = mount.backend.store
    this.fail = next
  }

  /** Calls `next` when the request has its session: at once, if it brought none, as express-session does. */
  start(): void {
    const { settings, backend, signer } = this.#mount
    // Before anybody can get hold of `res.end`: in `res.end(req.session.user)` that comes before the session's first use.
    this.isAsked = holdResponse(this.#res, this)
    showKept(this.message)
    this.#sent = signer.idOf(this.message, settings.name)
    const id = this.#cookieId
    this.#id = id
    if (id === undefined) {
      this.#begin()
      this.fail()
      return
    }
    inNextTurn(() => this.#load(id, backend))
  }

  #load(id: string, backend: Backend): void {
    backend.load(id).then((held) => {
      try {
        if (held) this.#found(held)
        else this.#begin()
      } catch (error) {
        this.#held = undefined
        return this.fail(error)
      }
      this.fail()
    }, this.fail)
  }

  /** Tells without making one. */
  get hasSession(): boolean {
    return Object.hasOwn(this.message, 'session') && (this.#pending !== 'nothing' || !!this.message.session)
  }

  /** The response is held once: what its end asks of this keeper is the other one's from here on. */
  giveWay(successor: SessionKeeper): void {
    this.#successor = successor
  }

  /** Late, as there may have been a call of the store that nobody waited for. */
  #handOver(successor: SessionKeeper): SessionKeeper {
    successor.inherit({ failure: this.#failure, hasEnded: this.#hasEnded, mount: this.#mount })
    this.#failure = undefined
    return successor
  }

  inherit({ failure, hasEnded, mount }: Legacy): void {
    this.#failure ??= failure
    this.#hasEnded ||= hasEnded && mount === this.#mount
  }

  get #cookieId(): string | undefined {
    return this.#sent?.id
  }

  get sessionID(): string {
    if (this.#pending === 'new' && this.#id === undefined) this.#createId()
    return this.#id as string
  }

  set sessionID(id: string) {
    // The session keeps the id that it had.
    if (this.#pending !== 'nothing') this.#open()
    this.#id = id
  }

  /**
   * A new session takes the place of whichever the request had. One that follows another is handed out and saved even when it is
   * empty: its id is not the one that the request came with.
   */
  generate(): void {
    // A store's `generate` may be called before anybody looked at the session that this one follows.
    if (this.#pending !== 'nothing') this.#open()
    const past = this.#held
    this.#pending = 'nothing'
    this.#createId()
    this.#session = this.#createSession()
    if (past) this.#past = [...(this.#past ?? []), past.id]
    if (this.#ended?.includes(this.#id as string)) this.#ended = undefined
    this.#isLost = false
    // The property that is there takes it as well.
    if (Object.hasOwn(this.message, 'session')) this.message.session = this.#session
    else this.#show()
  }

  #begin(): void {
    if (!this.#mount.createsLate) return this.generate()
    this.#id = undefined
    this.#pending = 'new'
    this.#show()
  }

  #found(held: HeldSession): void {
    this.#held = held
    this.#pending = 'loaded'
    this.#show()
    if (this.#mount.backend.own.createSession) this.#open()
  }

  /** `req.session`, whatever stands for the request: an object that inherits from it, or a proxy. */
  #show(): void {
    Object.defineProperty(this.message, 'session', {
      configurable: true,
      enumerable: true,
      get: () => (this.#pending === 'nothing' ? this.#session : this.#open()),
      set: (session: SessionObject | null | undefined) => {
        if (this.#pending !== 'nothing') this.#open()
        this.#session = session
      },
    })
  }

  #createId(): void {
    const { settings, backend } = this.#mount
    const id = settings.genid(this.message)
    this.#id = id
    this.#held = typeof id === 'string' ? backend.create(id) : undefined
    this.#changes.began(id)
  }

  #createSession(): SessionObject {
    const session = new Session(this.message)
    session.cookie = createCookie(this.message, this.#mount.settings)
    return session
  }

  /** What `req.session` is, at its first use. */
  #open(): SessionObject {
    const isNew = this.#pending === 'new'
    const id = this.sessionID
    this.#pending = 'nothing'
    if (isNew) {
      this.#session = this.#createSession()
      return this.#session
    }
    const { stored, loaded } = (this.#held as HeldSession).open()
    const { createSession } = this.#mount.backend.own
    if (createSession) {
      // What is large counts as handed out once it is read.
      const data = loaded.show(loaded.shallow({ ...stored }))
      createSession(this.message, data)
      this.#changes.found(id, LoadedData.of(data))
    } else {
      this.#changes.found(id, loaded)
      this.#session = loaded.show(revive(this.message, loaded.shallow(stored)))
    }
    return this.#session as SessionObject
  }

  save(session: SessionObject, isHeard: boolean): Promise<void> {
    return this.#save(session, isHeard ? 'caller' : 'response')
  }

  #save(session: SessionObject, told: Told | 'commit'): Promise<void> {
    const version = this.#changes.saving(session, session.id === this.#cookieId)
    const { id, data } = version
    const save = () => {
      this.#isLost = true
      const held = this.#heldNow(id)
      return held ? held.save(session, data) : this.#heldFor(id).then((other) => other.save(session, data))
    }
    return this.#inTurn(told, save, (stored) => {
      version.data = stored
      this.#isLost = false
      if (told !== 'commit') this.#changes.saved()
    })
  }

  reload(session: SessionObject): Promise<void> {
    const reload = async () => {
      const held = await this.#heldFor(session.id)
      const { stored, data } = await held.reload()
      this.#changes.reloaded(session.id, data)
      const { createSession } = this.#mount.backend.own
      if (createSession) createSession(this.message, stored)
      else this.message.session = revive(this.message, stored)
    }
    return this.#inTurn('caller', reload, nothing)
  }

  destroy(id: string, isHeard: boolean): Promise<void> {
    return this.#destroy(id, isHeard ? 'caller' : 'response')
  }

  #destroy(id: string, told: Told | 'commit'): Promise<void> {
    this.#ended = this.#ended ? [...this.#ended, id] : [id]
    const destroy = () => {
      const held = this.#held?.id === id ? this.#held : undefined
      return held ? held.destroy() : this.#heldFor(id, true).then((other) => other.destroy())
    }
    return this.#inTurn(told, destroy, (hasEnded) => {
      if (hasEnded && id === this.#cookieId) this.#hasEnded = true
    })
  }

  /** Starts the new session even if the old one could not be ended, and tells of it. */
  regenerate(): Promise<void> {
    const { regenerate } = this.#mount.backend.own
    if (regenerate) {
      // In nobody's way: the store may save or end the session meanwhile.
      const begin = () => regenerate(this.message)
      return this.#busy ? this.#busy.then(begin, begin) : begin()
    }
    return this.destroy(this.sessionID, true).then(
      () => this.generate(),
      (error) => {
        this.generate()
        throw error
      },
    )
  }

  /** What would need a cookie from here on is saved without, as it always was. */
  seal(): void {}

  /** Saves what is to be saved before the response leaves; `undefined` for nothing. */
  commit(): Promise<void> | undefined {
    if (this.#busy) {
      const again = () => this.commit()
      return this.#busy.then(again, again)
    }
    if (this.#successor) return this.#handOver(this.#successor).commit()
    const { failUnsaved } = this.#mount.settings
    const failure = this.#failure
    this.#failure = undefined
    if (failure && failUnsaved) {
      this.#isLost = true
      return Promise.reject(failure.error)
    }
    try {
      const work = this.#plan()
      this.#changes.settle()
      return work
    } catch (error) {
      this.#isLost = true
      return Promise.reject(error)
    }
  }

  #report(error: unknown, told: 'commit' | 'late'): void {
    // Dropped, and an event has told so.
    if (isInterruption(error)) return
    if (told === 'commit' && this.#mount.settings.failUnsaved) throw error
    this.#isLost = false
    setImmediate(this.fail, error)
  }

  #plan(): Promise<void> | undefined {
    const { resave, saveUninitialized, rolling, destroyOnUnset } = this.#mount.settings
    const changes = this.#changes
    const req = this.message
    const isShown = Object.hasOwn(req, 'session')
    // Deleted, and another one put in its place.
    if (this.#pending !== 'nothing' && isShown && !Object.getOwnPropertyDescriptor(req, 'session')?.get)
      this.#open()
    if (this.#pending === 'new') {
      if (isShown && !saveUninitialized) return undefined
    }
    // A load that failed ends nothing and begins nothing.
    else if (!this.#held) return undefined
    if (this.#pending === 'loaded' && isShown && !rolling) {
      if (changes.isTouched(this.#alive(this.sessionID), undefined)) return undefined
      if (!resave || changes.isSettled)
        return changes.isDue(this.#isLost) ? this.#touch(undefined) : undefined
    }
    const session = isShown ? req.session : undefined
    const id = this.sessionID
    if (!session) {
      if (!destroyOnUnset || !id || this.#ended?.includes(id)) return undefined
      return this.#destroy(id, 'commit')
    }
    if (typeof id !== 'string') return undefined

    const standing = { held: this.#alive(id), isSent: this.#cookieId === id, isLost: this.#isLost }
    const left = changes.leftFor(session, standing)
    if (left === 'save') return this.#save(session, 'commit')
    return left && this.#touch(session)
  }

  /** Where a session lies, unless it is not the one that this request has, or was ended by it. */
  #alive(id: string): HeldSession | undefined {
    return this.#held?.id === id && !this.#ended?.includes(id) ? this.#held : undefined
  }

  #touch(session: SessionObject | undefined): Promise<void> | undefined {
    this.#isLost = true
    const touch = () => this.#held?.touch(session) ?? Promise.resolve()
    // Nothing is unsaved, so that no response is cut off.
    return this.#inTurn(this.#changes.isSettled ? 'late' : 'commit', touch, () => {
      this.#isLost = false
    })
  }

  /** Of the session, right before the headers leave. */
  setHeaders(): void {
    const successor = this.#successor
    if (successor) {
      if (!successor.isAsked) this.#handOver(successor).setHeaders(this.#res)
      return
    }
    const { settings, signer, lines } = this.#mount
    const req = this.message
    const session = this.#pending === 'nothing' ? req.session : undefined
    if (!session) {
      this.#clearCookie()
      return
    }
    const id = this.#id
    if (this.#isLost || typeof id !== 'string') return
    try {
      const { cookie } = session
      const isSet =
        this.#cookieId !== id
          ? settings.saveUninitialized || this.#changes.isModified
          : settings.rolling || (cookie.expires != null && this.#changes.isModified)
      if (!isSet) return this.#clearCookie()
      if (cookie.secure && !isSecure(req, settings.proxy)) return settings.reportInsecure()
      const value = (this.#cookieId === id && this.#sent?.sent) || signer.sign(id)
      addCookie(this.#res, lines.set.lineOf(cookie, value))
    } catch (error) {
      setImmediate(this.fail, error)
    }
  }

  /** Of a session that this request ended, in whose place it leaves none. */
  #clearCookie(): void {
    const { settings, lines } = this.#mount
    if (this.#hasEnded && settings.clearCookie) clearCookie(this.message, this.#res, settings, lines.clear)
  }

  /** Where the session lies that this request has; `undefined` for another one. Throws where it has ended. */
  #heldNow(id: string): HeldSession | undefined {
    if (this.#ended?.includes(id)) throw new SessionInterruptedError()
    return this.#held?.id === id ? this.#held : undefined
  }

  /** Where a session lies that is not the one this request began with: a handler may have given itself another one. */
  async #heldFor(id: string, isEnding = false): Promise<HeldSession> {
    if (!isEnding && this.#ended?.includes(id)) throw new SessionInterruptedError()
    if (this.#held?.id === id) return this.#held
    const { backend } = this.#mount
    const held = await backend.load(id)
    // It has ended since, in whatever way.
    if (!held && !isEnding && this.#past?.includes(id)) throw new SessionInterruptedError()
    return held ?? backend.create(id)
  }

  /** One call of the store after the other; what comes of it is the call's own, and its promise the one that all wait for. */
  #inTurn<T>(
    told: Told | 'commit' | 'late',
    operation: () => Promise<T>,
    done: (result: T) => void,
  ): Promise<void> {
    const isCommit = told === 'commit' || told === 'late'
    const work = this.#busy ? this.#busy.then(operation, operation) : attempt(operation)
    const turn: Promise<void> = work.then(
      (result) => {
        if (this.#busy === turn) this.#busy = undefined
        if (isCommit) this.#changes.settle()
        done(result)
      },
      (error) => {
        if (this.#busy === turn) this.#busy = undefined
        if (isCommit) {
          this.#changes.settle()
          return this.#report(error, told)
        }
        if (told === 'response' && !isInterruption(error)) this.#failure = { error }
        throw error
      },
    )
    this.#busy = turn
    return turn
  }
}

const nothing = () => {}

/** What is thrown at once is rejected as well. */
function attempt<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return operation()
  } catch (error) {
    return Promise.reject(error)
  }
}

const isInterruption = (error: unknown) => (error as SessionError | null)?.code === 'SESSION_INTERRUPTED'
