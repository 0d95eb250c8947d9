import type { CipherKey } from 'node:crypto'
import { type SessionError, SessionInterruptedError } from '@tegata/core'
import { type AnyResponse, type Hold, holdResponse } from '@tegata/node-response'
import { Cookie, type CookieAttributes } from './cookie.ts'
import { type Backend, dataJson, type HeldSession, isSameCookie } from './held-session.ts'
import { isSecure } from './is-secure.ts'
import { keeperOf } from './keeper-of.ts'
import type { Settings } from './options.ts'
import { Session, type SessionObject } from './session-object.ts'
import { signedId, signId } from './signed-cookie.ts'
import { revive } from './store.ts'
import type { SessionRequest } from './types.ts'

/** A session as it was at some point: under which id, and the JSON of its data. */
interface Version {
  id: string
  json: string
  /** What its cookie said then, where that matters. */
  cookie?: CookieAttributes
}

/** What new sessions hold. */
const EMPTY = '{}'

/** What a request does to its session, and when the response may leave. */
export class Keeper implements Hold {
  /** Tells the application's error handlers. */
  readonly fail: (error?: unknown) => void
  readonly #req: SessionRequest
  readonly #res: AnyResponse
  readonly #settings: Settings
  readonly #backend: Backend
  readonly #secrets: readonly CipherKey[]
  /** The id that the request's cookie names. */
  #cookieId: string | undefined
  #held: HeldSession | undefined
  /** Loaded, and not asked for yet. */
  #isUntouched = false
  /** As this request found it, or began it. */
  #original: Version | undefined
  /** As the store has it, as far as this request has to care. */
  #saved: Version | undefined
  /** The end of the request was prepared: what comes after it is saved only if it changes something. */
  #isSettled = false
  #isModified = false
  /** Ids of sessions that this request ended. */
  readonly #ended: string[] = []
  /** Ids of sessions that it had and left behind. */
  readonly #past: string[] = []
  /** One of them was that of the cookie. */
  #hasEnded = false
  /** The session ended under this request, or could not be saved: nothing is handed out. */
  #isLost = false
  /** Of a call that nobody waits for. */
  #failure: { error: unknown } | undefined
  #busy: Promise<unknown> | undefined

  constructor(
    req: SessionRequest,
    res: AnyResponse,
    settings: Settings,
    backend: Backend,
    secrets: readonly CipherKey[],
    next: (error?: unknown) => void,
  ) {
    this.#req = req
    this.#res = res
    this.#settings = settings
    this.#backend = backend
    this.#secrets = secrets
    this.fail = next
  }

  /** `undefined` when there is nothing to wait for. */
  start(): Promise<void> | undefined {
    // Before anybody can get hold of `res.end`: in `res.end(req.session.user)` that comes before the session's first use.
    holdResponse(this.#res, this)
    const id = signedId(this.#req, this.#settings.name, this.#secrets)
    this.#cookieId = id
    this.#req.sessionID = id as string
    if (id === undefined) {
      this.generate()
      return undefined
    }
    return this.#backend.load(id).then((held) => {
      if (held) this.#found(held)
      else this.generate()
    })
  }

  /**
   * A new session takes the place of whichever the request had. One that follows another is handed out and saved even when it is
   * empty: its id is not the one that the request came with.
   */
  generate(): void {
    const req = this.#req
    const id = this.#settings.genid(req)
    req.sessionID = id
    const session = new Session(req)
    session.cookie = this.#createCookie()
    if (this.#held) this.#past.push(this.#held.id)
    if (this.#ended.includes(id)) this.#ended.splice(0)
    this.#held = typeof id === 'string' ? this.#backend.create(id) : undefined
    this.#original ??= { id, json: EMPTY }
    this.#isLost = false
    this.#isUntouched = false
    show(req, session)
  }

  /** What `req.session` is, at its first use. */
  use(): SessionObject | undefined {
    if (!this.#isUntouched) return undefined
    this.#isUntouched = false
    const { stored, json } = (this.#held as HeldSession).open()
    this.#original = { id: this.#req.sessionID, json }
    if (!this.#settings.resave) this.#saved = this.#original
    return revive(this.#req, stored)
  }

  save(session: SessionObject, isHeard: boolean): Promise<void> {
    const { id, cookie } = session
    const version: Version = { id, json: dataJson(session) }
    if (id !== this.#original?.id) version.cookie = cookie.data
    // From now on, and even if it fails: who asked for it is told.
    this.#saved = version
    return this.#inTurn(isHeard, () =>
      this.#keeping(async () => {
        const held = await this.#heldFor(session.id)
        version.json = await held.save(session, version.json)
      }),
    )
  }

  reload(session: SessionObject): Promise<void> {
    return this.#inTurn(true, async () => {
      const held = await this.#heldFor(session.id)
      const { stored, json } = await held.reload()
      if (this.#saved) this.#saved = { id: session.id, json }
      this.#req.session = revive(this.#req, stored)
    })
  }

  destroy(id: string, isHeard: boolean): Promise<void> {
    this.#ended.push(id)
    return this.#inTurn(isHeard, async () => {
      const held = await this.#heldFor(id, true)
      const hasEnded = await held.destroy()
      if (hasEnded && id === this.#cookieId) this.#hasEnded = true
    })
  }

  /** Starts the new session even if the old one could not be ended, and tells of it. */
  async regenerate(): Promise<void> {
    try {
      await this.destroy(this.#req.sessionID, true)
    } finally {
      this.generate()
    }
  }

  #found(held: HeldSession): void {
    this.#held = held
    this.#isUntouched = true
    Object.defineProperty(this.#req, 'session', trap)
  }

  /** What would need a cookie from here on is saved without, as it always was. */
  seal(): void {}

  /** Saves what is to be saved before the response leaves; `undefined` for nothing. */
  commit(): Promise<void> | undefined {
    if (this.#busy) return this.#busy.then(() => this.commit())
    const { failUnsaved } = this.#settings
    const failure = this.#failure
    this.#failure = undefined
    if (failure && failUnsaved) {
      this.#isLost = true
      return Promise.reject(failure.error)
    }
    try {
      const work = this.#plan()
      this.#isSettled = true
      return work?.catch((error) => this.#report(error))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #report(error: unknown): void {
    // Dropped, and an event has told so.
    if (isInterruption(error)) return
    if (this.#settings.failUnsaved) throw error
    this.#isLost = false
    setImmediate(this.fail, error)
  }

  #plan(): Promise<void> | undefined {
    // A load that failed ends nothing and begins nothing.
    if (!this.#held) return undefined
    const { resave, saveUninitialized, rolling, destroyOnUnset } = this.#settings
    const req = this.#req
    const isLazy = this.#isUntouched && Object.hasOwn(req, 'session')
    if (isLazy && !resave && !rolling) return this.#isSettled ? undefined : this.#touch(undefined)
    const { session } = req
    if (!session) {
      const id = req.sessionID
      if (!destroyOnUnset || !id || this.#ended.includes(id)) return undefined
      return this.destroy(id, true)
    }
    if (typeof req.sessionID !== 'string') return undefined

    const json = dataJson(session)
    this.#isModified = isOther(this.#original, session.id, json)
    if (!this.#isSettled) session.touch()
    const isUninitialized = !saveUninitialized && !this.#saved && this.#cookieId !== req.sessionID
    const isUnsaved = isUninitialized ? this.#isModified : this.#isUnsaved(session, json)
    if (isUnsaved) return this.save(session, true)
    if (this.#isSettled || this.#isLost || this.#cookieId !== req.sessionID) return undefined
    return this.#touch(session)
  }

  #isUnsaved({ id, cookie }: SessionObject, json: string): boolean {
    if (isOther(this.#saved, id, json)) return true
    // One that follows another is written whole at the end of the request, if that makes a difference.
    return id !== this.#original?.id && !isSameCookie(this.#saved?.cookie, cookie)
  }

  async #touch(session: SessionObject | undefined): Promise<void> {
    await this.#inTurn(true, () => this.#keeping(async () => this.#held?.touch(session)))
  }

  async #keeping(operation: () => Promise<void>): Promise<void> {
    this.#isLost = true
    await operation()
    this.#isLost = false
  }

  /** Of the session, right before the headers leave. */
  setHeaders(): void {
    const settings = this.#settings
    const req = this.#req
    const session = this.#isUntouched ? undefined : req.session
    if (!session) {
      this.#clearCookie()
      return
    }
    if (this.#isLost || typeof req.sessionID !== 'string') return
    const { cookie } = session
    const isSet =
      this.#cookieId !== req.sessionID
        ? settings.saveUninitialized || this.#isModified
        : settings.rolling || (cookie.expires != null && this.#isModified)
    if (!isSet) return this.#clearCookie()
    if (cookie.secure && !isSecure(req, settings.proxy)) return settings.reportInsecure()
    try {
      this.#addCookie(cookie.serialize(settings.name, signId(req.sessionID, this.#secrets[0] as CipherKey)))
    } catch (error) {
      setImmediate(this.fail, error)
    }
  }

  /** Of a session that this request ended, in whose place it leaves none. */
  #clearCookie(): void {
    const settings = this.#settings
    if (!this.#hasEnded || !settings.clearCookie) return
    const cookie = this.#createCookie()
    cookie.expires = new Date(0)
    if (cookie.secure && !isSecure(this.#req, settings.proxy)) return
    this.#addCookie(cookie.serialize(settings.name, ''))
  }

  #addCookie(cookie: string): void {
    const others = this.#res.getHeader('Set-Cookie') ?? []
    this.#res.setHeader('Set-Cookie', [others, cookie].flat().map(String))
  }

  #createCookie() {
    const { cookie: options, proxy } = this.#settings
    const req = this.#req
    const cookie = new Cookie(typeof options === 'function' ? options(req) : options)
    const secure = isSecure(req, proxy)
    if (cookie.secure === 'auto') cookie.secure = secure
    if ((cookie.sameSite as string) === 'auto') cookie.sameSite = secure ? 'none' : 'lax'
    return cookie
  }

  /** Where a session lies that is not the one this request began with: a handler may have given itself another one. */
  async #heldFor(id: string, isEnding = false): Promise<HeldSession> {
    if (!isEnding && this.#ended.includes(id)) throw new SessionInterruptedError()
    if (this.#held?.id === id) return this.#held
    const held = await this.#backend.load(id)
    // It has ended since, in whatever way.
    if (!held && !isEnding && this.#past.includes(id)) throw new SessionInterruptedError()
    return held ?? this.#backend.create(id)
  }

  /** One call of the store after the other. What fails without anybody being told fails the response. */
  #inTurn(isHeard: boolean, operation: () => Promise<void>): Promise<void> {
    const turn = this.#busy ? this.#busy.then(operation) : operation()
    const tail = turn.catch((error) => {
      if (!isHeard && !isInterruption(error)) this.#failure = { error }
    })
    this.#busy = tail
    tail.then(() => {
      if (this.#busy === tail) this.#busy = undefined
    })
    return turn
  }
}

const isInterruption = (error: unknown) => (error as SessionError | null)?.code === 'SESSION_INTERRUPTED'

const isOther = (version: Version | undefined, id: string, json: string): boolean =>
  version === undefined || version.id !== id || version.json !== json

function show(req: SessionRequest, session: unknown): void {
  Object.defineProperty(req, 'session', {
    ...{ configurable: true, enumerable: true, writable: true },
    value: session,
  })
}

/** A loaded session is made when it is asked for, and `req.session` an ordinary property from then on. One for all requests. */
const trap: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: SessionRequest) {
    const session = keeperOf(this)?.use()
    show(this, session)
    return session
  },
  set(this: SessionRequest, session: unknown) {
    keeperOf(this)?.use()
    show(this, session)
  },
}
