import type { CipherKey } from 'node:crypto'
import { type SessionError, SessionInterruptedError } from '@tegata/core'
import { holdResponse } from '../hold-response.ts'
import type { AnyResponse } from '../response.ts'
import { Cookie } from './cookie.ts'
import { type Backend, cookieJson, dataJson, type HeldSession } from './held-session.ts'
import { isSecure } from './is-secure.ts'
import type { Settings } from './options.ts'
import { Session, type SessionObject } from './session-object.ts'
import { signedId, signId } from './signed-cookie.ts'
import { revive } from './store.ts'
import type { SessionRequest } from './types.ts'

/** A session as it was at some point: under which id, and the JSON of its data. */
interface Version {
  id: string
  json: string
  /** What its cookie said then, but for the date. */
  cookie?: string
}

/** What new sessions hold. */
const EMPTY = '{}'

export interface KeeperOptions {
  settings: Settings
  backend: Backend
  secrets: readonly CipherKey[]
  next: (error?: unknown) => void
}

/** What a request does to its session, and when the response may leave. */
export class Keeper {
  readonly #req: SessionRequest
  readonly #res: AnyResponse
  readonly #options: KeeperOptions
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
  readonly #ended = new Set<string>()
  /** Ids of sessions that it had and left behind. */
  readonly #past = new Set<string>()
  /** One of them was that of the cookie. */
  #hasEnded = false
  /** The session ended under this request, or could not be saved: nothing is handed out. */
  #isLost = false
  /** Of a call that nobody waits for. */
  #failure: { error: unknown } | undefined
  #busy: Promise<unknown> | undefined

  constructor(req: SessionRequest, res: AnyResponse, options: KeeperOptions) {
    this.#req = req
    this.#res = res
    this.#options = options
  }

  /** `undefined` when there is nothing to wait for. */
  start(): Promise<void> | undefined {
    const { settings, secrets, backend } = this.#options
    // Before anybody can get hold of `res.end`: in `res.end(req.session.user)` that comes before the session's first use.
    this.#hold()
    const id = signedId(this.#req, settings.name, secrets)
    this.#cookieId = id
    this.#req.sessionID = id as string
    if (id === undefined) {
      this.generate()
      return undefined
    }
    return backend.load(id).then((held) => {
      if (held) this.#found(held)
      else this.generate()
    })
  }

  /**
   * A new session takes the place of whichever the request had. One that follows another is handed out and saved even when it is
   * empty: its id is not the one that the request came with.
   */
  generate(): void {
    const { settings, backend } = this.#options
    const req = this.#req
    const id = settings.genid(req)
    req.sessionID = id
    const session = new Session(req)
    session.cookie = this.#createCookie()
    if (this.#held) this.#past.add(this.#held.id)
    this.#ended.delete(id)
    this.#held = typeof id === 'string' ? backend.create(id) : undefined
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
    if (!this.#options.settings.resave) this.#saved = this.#original
    return revive(this.#req, stored)
  }

  save(session: SessionObject, isHeard: boolean): Promise<void> {
    const version = { id: session.id, json: dataJson(session), cookie: cookieJson(session.cookie) }
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
    this.#ended.add(id)
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
    trap(this.#req, this)
  }

  #hold(): void {
    const { next } = this.#options
    holdResponse(this.#res, {
      commit: () => this.#commit(),
      setHeaders: () => this.#setCookie(),
      seal: () => {},
      fail: next,
    })
  }

  /** Saves what is to be saved before the response leaves; `undefined` for nothing. */
  #commit(): Promise<void> | undefined {
    if (this.#busy) return this.#busy.then(() => this.#commit())
    const { failUnsaved } = this.#options.settings
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
    if (this.#options.settings.failUnsaved) throw error
    this.#isLost = false
    setImmediate(this.#options.next, error)
  }

  #plan(): Promise<void> | undefined {
    // A load that failed ends nothing and begins nothing.
    if (!this.#held) return undefined
    const { resave, saveUninitialized, rolling, destroyOnUnset } = this.#options.settings
    const req = this.#req
    const isLazy = this.#isUntouched && Object.hasOwn(req, 'session')
    if (isLazy && !resave && !rolling) return this.#isSettled ? undefined : this.#touch(undefined)
    const { session } = req
    if (!session) {
      const id = req.sessionID
      if (!destroyOnUnset || !id || this.#ended.has(id)) return undefined
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
    return id !== this.#original?.id && this.#saved?.cookie !== cookieJson(cookie)
  }

  async #touch(session: SessionObject | undefined): Promise<void> {
    await this.#inTurn(true, () => this.#keeping(async () => this.#held?.touch(session)))
  }

  async #keeping(operation: () => Promise<void>): Promise<void> {
    this.#isLost = true
    await operation()
    this.#isLost = false
  }

  #setCookie(): void {
    const { settings, secrets, next } = this.#options
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
      this.#addCookie(cookie.serialize(settings.name, signId(req.sessionID, secrets[0] as CipherKey)))
    } catch (error) {
      setImmediate(next, error)
    }
  }

  /** Of a session that this request ended, in whose place it leaves none. */
  #clearCookie(): void {
    const { settings } = this.#options
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
    const { cookie: options, proxy } = this.#options.settings
    const req = this.#req
    const cookie = new Cookie(typeof options === 'function' ? options(req) : options)
    const secure = isSecure(req, proxy)
    if (cookie.secure === 'auto') cookie.secure = secure
    if ((cookie.sameSite as string) === 'auto') cookie.sameSite = secure ? 'none' : 'lax'
    return cookie
  }

  /** Where a session lies that is not the one this request began with: a handler may have given itself another one. */
  async #heldFor(id: string, isEnding = false): Promise<HeldSession> {
    if (!isEnding && this.#ended.has(id)) throw new SessionInterruptedError()
    if (this.#held?.id === id) return this.#held
    const { backend } = this.#options
    const held = await backend.load(id)
    // It has ended since, in whatever way.
    if (!held && !isEnding && this.#past.has(id)) throw new SessionInterruptedError()
    return held ?? backend.create(id)
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

/** A loaded session is made when it is asked for, and `req.session` an ordinary property from then on. */
function trap(req: SessionRequest, keeper: Keeper): void {
  Object.defineProperty(req, 'session', {
    configurable: true,
    enumerable: true,
    get() {
      const session = keeper.use()
      show(req, session)
      return session
    },
    set(session) {
      keeper.use()
      show(req, session)
    },
  })
}
