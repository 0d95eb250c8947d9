import type { SessionError } from '@tegata/core'
import { type AnyResponse, holdResponse, inNextTurn } from '@tegata/node-response'
import { CurrentSession } from './current-session.ts'
import type { Backend } from './held-session.ts'
import { isSecure } from './is-secure.ts'
import type { Legacy, SessionKeeper } from './keeper-of.ts'
import type { Mount } from './mount.ts'
import { showKept } from './request-properties.ts'
import { addCookie, clearCookie } from './response-cookie.ts'
import { SessionChanges } from './session-changes.ts'
import type { SignedId } from './signed-cookie.ts'
import { revive } from './store.ts'
import type { ConnectStore, SessionObject, SessionRequest } from './types.ts'

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
  readonly #changes: SessionChanges
  readonly #current: CurrentSession
  /** This request ended the session of its cookie. */
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
    this.#current = new CurrentSession(req, mount, this.#changes)
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
    if (id === undefined) {
      this.#current.begin()
      this.fail()
      return
    }
    this.#current.id = id
    inNextTurn(() => this.#load(id, backend))
  }

  #load(id: string, backend: Backend): void {
    backend.load(id).then((held) => {
      try {
        if (held) this.#current.found(held)
        else this.#current.begin()
      } catch (error) {
        this.#current.lose()
        return this.fail(error)
      }
      this.fail()
    }, this.fail)
  }

  /** Tells without making one. */
  get hasSession(): boolean {
    return this.#current.exists
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
    return this.#current.id
  }

  set sessionID(id: string) {
    this.#current.id = id
  }

  generate(): void {
    this.#current.generate()
    this.#isLost = false
  }

  save(session: SessionObject, isHeard: boolean): Promise<void> {
    return this.#save(session, isHeard ? 'caller' : 'response')
  }

  #save(session: SessionObject, told: Told | 'commit'): Promise<void> {
    const version = this.#changes.saving(session, session.id === this.#cookieId)
    const { id, data } = version
    const save = () => {
      this.#isLost = true
      const held = this.#current.heldNow(id)
      return held
        ? held.save(session, data)
        : this.#current.heldFor(id).then((other) => other.save(session, data))
    }
    return this.#inTurn(told, save, (stored) => {
      version.data = stored
      this.#isLost = false
      if (told !== 'commit') this.#changes.saved()
    })
  }

  reload(session: SessionObject): Promise<void> {
    const reload = async () => {
      const held = await this.#current.heldFor(session.id)
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
    const current = this.#current
    current.end(id)
    const destroy = () => {
      const { held } = current
      return held?.id === id ? held.destroy() : current.heldFor(id, true).then((other) => other.destroy())
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
    const current = this.#current
    current.openReplaced()
    const { pending, isShown } = current
    if (pending === 'new') {
      if (isShown && !saveUninitialized) return undefined
    }
    // A load that failed ends nothing and begins nothing.
    else if (!current.held) return undefined
    if (pending === 'loaded' && isShown && !rolling) {
      if (changes.isTouched(current.alive(current.id), undefined)) return undefined
      if (!resave || changes.isSettled)
        return changes.isDue(this.#isLost) ? this.#touch(undefined) : undefined
    }
    const session = isShown ? this.message.session : undefined
    const { id } = current
    if (!session) {
      if (!destroyOnUnset || !id || current.hasEnded(id)) return undefined
      return this.#destroy(id, 'commit')
    }
    if (typeof id !== 'string') return undefined

    const standing = { held: current.alive(id), isSent: this.#cookieId === id, isLost: this.#isLost }
    const left = changes.leftFor(session, standing)
    if (left === 'save') return this.#save(session, 'commit')
    return left && this.#touch(session)
  }

  #touch(session: SessionObject | undefined): Promise<void> | undefined {
    this.#isLost = true
    const touch = () => this.#current.held?.touch(session) ?? Promise.resolve()
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
    const session = this.#current.pending === 'nothing' ? req.session : undefined
    if (!session) {
      this.#clearCookie()
      return
    }
    const { id } = this.#current
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
