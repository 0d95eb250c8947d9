import type { CookieAttributes, SessionCookie } from './cookie.ts'
import { type HeldSession, isSameCookie, MOST_LAG } from './held-session.ts'
import { LoadedData } from './loaded-data.ts'
import type { Settings } from './options.ts'
import type { SessionObject } from './types.ts'

/** A session as it was at some point. */
export interface Version {
  id: string
  data: LoadedData
  /** What its cookie said then, where that matters. */
  cookie?: CookieAttributes
  /** Its date was not yet that of its `originalMaxAge`. */
  isUndated?: boolean
  /** Epoch ms of that. */
  at?: number
}

/** How it stands with a session at the end of a request. */
interface Standing {
  /** Where it lies, unless it is another session, or has ended. */
  held: HeldSession | undefined
  /** The request's cookie names it. */
  isSent: boolean
  /** It ended under this request, or could not be saved. */
  isLost: boolean
}

/** What new sessions hold. */
const EMPTY = new LoadedData({})

/** What a request did to its session, and what its end has to do about that, by express-session's rules. */
export class SessionChanges {
  readonly #settings: Settings
  /** As this request found it, or began it. */
  #original: Version | undefined
  /** As the store has it, as far as this request has to care. */
  #saved: Version | undefined
  /** At the end of the request it was another one than the request had found or begun. */
  isModified = false
  /** In this turn of the event loop: nobody has come in between. */
  #isJustSaved = false
  /** Epoch ms of when the end of the request was prepared last. */
  #settledAt: number | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  began(id: string): void {
    this.#original ??= { id, data: EMPTY }
  }

  found(id: string, data: LoadedData): void {
    this.#original = { id, data }
    if (!this.#settings.resave) this.#saved = this.#original
  }

  reloaded(id: string, data: LoadedData): void {
    if (this.#saved) this.#saved = { id, data }
  }

  /** The session as it is now; from now on it counts as saved, even if that fails: who asked for it is told. */
  saving(session: SessionObject, isSent: boolean): Version {
    const { id, cookie } = session
    const version: Version = { id, data: LoadedData.of(session, this.#original?.data) }
    if (!isSent || id !== this.#original?.id) {
      version.cookie = cookie.data ?? { ...cookie }
      version.isUndated = !isDated(cookie)
      version.at = Date.now()
    }
    this.#saved = version
    return version
  }

  /** By a handler, and a moment ago. */
  saved(): void {
    this.#isJustSaved = true
    setImmediate(() => {
      this.#isJustSaved = false
    })
  }

  /** The end of the request is prepared: what comes after it is saved only if it changes something. */
  settle(): void {
    this.#settledAt = Date.now()
  }

  get isSettled(): boolean {
    return this.#settledAt !== undefined
  }

  /** Whether the deadline has to move: at the end of the request, and at the end of a response that went on for longer than it may lag. */
  isDue(isLost: boolean): boolean {
    return this.#settledAt === undefined || (!isLost && Date.now() - this.#settledAt > MOST_LAG)
  }

  /** There is nothing to do for a session that did not change, and no cookie goes out that needs it to be alive. */
  isTouched(held: HeldSession | undefined, session: SessionObject | undefined): boolean {
    if (this.#settings.rolling || !held) return false
    const setsCookie = this.isModified && session?.cookie.expires != null && !this.isSettled
    return (!setsCookie || this.#isJustSaved) && held.isTouched(session)
  }

  /** What is left to do at the end of a request, or of a response that leaves in parts. */
  leftFor(session: SessionObject, { held, isSent, isLost }: Standing): 'save' | 'touch' | undefined {
    this.isModified = isOther(this.#original, session)
    const isDue = this.isDue(isLost)
    if (isDue) session.touch()
    const isTouched = this.isTouched(held, session)
    const mayBeLeft = (isTouched || this.isSettled) && this.#isAsFound
    if (this.#isUnsaved(session, isSent) && !mayBeLeft) return 'save'
    if (isTouched || !isDue || isLost) return undefined
    return isSent || this.#isAsSaved(session, held) ? 'touch' : undefined
  }

  /** Neither changed nor saved by this request. */
  get #isAsFound(): boolean {
    return !this.isModified && (this.#saved === undefined || this.#saved === this.#original)
  }

  #isUnsaved(session: SessionObject, isSent: boolean): boolean {
    const isUninitialized = !this.#settings.saveUninitialized && !this.#saved && !isSent
    if (isUninitialized || this.#saved === this.#original) return this.isModified
    if (isOther(this.#saved, session)) return true
    const { id, cookie } = session
    // One that follows another is written whole at the end of the request, if that makes a difference.
    if (id === this.#original?.id) return false
    const { isUndated, at = 0, cookie: saved } = this.#saved as Version
    return !isSameCookie(saved, cookie) || (!this.isSettled && (isUndated || Date.now() - at > MOST_LAG))
  }

  /** A new one, stored before the first byte left. */
  #isAsSaved({ cookie }: SessionObject, held: HeldSession | undefined): boolean {
    return this.isSettled && held !== undefined && isSameCookie(this.#saved?.cookie, cookie)
  }
}

const isOther = (version: Version | undefined, session: SessionObject): boolean =>
  version === undefined || version.id !== session.id || !version.data.isIn(session)

/** Whether its date is that of its `originalMaxAge`, and not of one that it had before. */
const isDated = ({ maxAge, originalMaxAge }: SessionCookie): boolean =>
  maxAge === originalMaxAge || Math.abs(Number(maxAge) - Number(originalMaxAge)) < 1000
