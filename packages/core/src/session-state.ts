import { sameExpiry } from './deadlines.ts'
import type { SessionError } from './errors.ts'
import type { Serialized, SessionData, SessionFormat, SessionHeader } from './format.ts'
import { LiveData, type Origin } from './live-data.ts'
import type { SessionKeys } from './session-keys.ts'

/**
 * Where a request stands with its session:
 * - `new`: nothing is stored; the first commit with something to keep creates it.
 * - `stored`: loaded from the store, or written to it by this request.
 * - `barred`: the session ended or became another login's; what this request writes is dropped, only a login starts anew.
 * - `invalid`: something is stored that cannot be read.
 * - `unavailable`: the store could not be read, and the options ask to go on without a session.
 * - `ended`: this request itself ended it.
 */
export type SessionStatus = 'new' | 'stored' | 'barred' | 'invalid' | 'unavailable' | 'ended'

/** What the store held when this request last read or wrote it. */
export interface StoredState extends Origin {
  id: string
  key: string
  header: SessionHeader
  /** As it lay there: what a write has to find again. */
  value: Uint8Array
}

/** A move to a new id that the next commit makes. */
export interface PendingRotation {
  login: boolean
  /** Another owner's session: nothing of it is taken along. */
  fresh: boolean
}

export interface Beginning {
  status: SessionStatus
  id: string | (() => string)
  header: SessionHeader
  expiresAt: number
  stored?: StoredState
  /** What a session that is not stored begins with, by the schema's defaults. */
  initial?: Origin | undefined
  error?: SessionError
  superseded?: SessionKeys
}

/** What one request knows of its session, and did to it. */
export class SessionState {
  status: SessionStatus
  readonly isNew: boolean
  header: SessionHeader
  /** Epoch ms of the idle or the absolute deadline, whichever comes first. */
  expiresAt: number
  /** Epoch ms of the write or touch that `expiresAt` was counted from, where this request made one. */
  datedAt: number | undefined
  stored: StoredState | undefined
  rotation: PendingRotation | undefined
  /** The idle deadline shall move even if nothing else changes. */
  touched = false
  /** This request itself said how long its session lasts, and has not stored that yet. */
  hasSetExpiry = false
  /** What is wrong with an `invalid` or `unavailable` session. */
  error: SessionError | undefined
  /** The keys of a value that cannot be read, to be removed once a login has started a session beside it. */
  superseded: SessionKeys | undefined
  /** What the response has to do about the cookie. */
  cookie: 'set' | 'clear' | undefined
  /** This request would have ended it, but others were faster: where it goes on, it may be with another one by now. */
  isLate = false
  /** The response's headers have left. */
  sealed = false
  /** An explicit save that failed and was perhaps ignored: a response must not leave as if all was well. */
  failure: SessionError | undefined
  /** The keys that an event has told of: what this request changed in them is dropped. */
  told: readonly string[] = []

  readonly live: LiveData
  #id: string | (() => string)
  #busy: Promise<unknown> | undefined

  constructor(format: SessionFormat, begin: Beginning) {
    this.status = begin.status
    this.isNew = begin.stored === undefined
    this.#id = begin.id
    this.header = begin.header
    this.expiresAt = begin.expiresAt
    this.stored = begin.stored
    this.error = begin.error
    this.superseded = begin.superseded
    this.live = new LiveData(format, begin.stored ?? begin.initial)
  }

  /** Made when first asked for: most anonymous requests need none. */
  get id(): string {
    if (typeof this.#id === 'function') this.#id = this.#id()
    return this.#id
  }

  set id(id: string) {
    this.#id = id
  }

  /** Throws a `SessionValueError`. */
  get data(): SessionData {
    if (this.status === 'invalid') throw this.error
    return this.live.data
  }

  /** The keys that this request changed in vain, and no event has told of. */
  untoldKeys(): string[] {
    return this.live.changedKeys().filter((key) => !this.told.includes(key))
  }

  /** Lets go of what was stored, keeping live data of `own` alone, on top of what a session begins with. */
  startOver(header: SessionHeader, own: SessionData, initial: Origin | undefined): void {
    this.status = 'new'
    this.stored = undefined
    this.rotation = undefined
    this.error = undefined
    this.failure = undefined
    this.told = []
    this.header = this.ownHeader(header)
    this.live.startOver(own, initial)
  }

  /** Without what was found of how long another session lasts, and of what another library keeps of it. */
  ownHeader({ expiry, extras: _, ...header }: SessionHeader): SessionHeader {
    return this.hasSetExpiry && expiry !== undefined ? { ...header, expiry } : header
  }

  /** After a commit that set out from `snapshot`. */
  adopt(stored: StoredState, snapshot: Serialized): void {
    this.status = 'stored'
    this.stored = stored
    this.rotation = undefined
    this.touched = false
    this.failure = undefined
    this.live.adopt(stored, snapshot)
  }

  /** Newer than what this request found: the rest of the data and the details follow, what this request changed stays. */
  takeIn(stored: StoredState, expiresAt: number): void {
    const found = this.stored as StoredState
    const { expiry } = this.header
    const isDated = !sameExpiry(expiry, found.header.expiry)
    this.header = { ...stored.header, ...(isDated && { expiry }) }
    if (!isDated) this.#dateAsFound(expiresAt)
    this.stored = stored
    this.live.takeIn(stored)
  }

  /** Drops what handlers changed, for what the store holds now; a login that is still to be stored stays. */
  reset(stored: StoredState, expiresAt: number): void {
    const { expiry } = stored.header
    this.header = this.rotation?.login ? { ...this.header, expiry } : { ...stored.header }
    this.#dateAsFound(expiresAt)
    this.hasSetExpiry = false
    this.stored = stored
    this.live.reset(stored)
  }

  #dateAsFound(expiresAt: number): void {
    if (expiresAt !== this.expiresAt) this.datedAt = undefined
    this.expiresAt = expiresAt
  }

  get busy(): boolean {
    return this.#busy !== undefined
  }

  /** Runs one operation at a time, in the order they were asked for. */
  exclusively<T>(operation: () => Promise<T>): Promise<T> {
    const before = this.#busy
    let settled: Promise<unknown> | undefined
    const turn = (async () => {
      if (before) await before
      try {
        return await operation()
      } finally {
        // Before the caller goes on, who may commit at once.
        if (this.#busy === settled) this.#busy = undefined
      }
    })()
    settled = turn.then(ignore, ignore)
    this.#busy = settled
    return turn
  }
}

const ignore = () => {}
