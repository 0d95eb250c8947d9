import { sameExpiry } from './deadlines.ts'
import type { SessionError } from './errors.ts'
import type { Serialized, SessionData, SessionFormat, SessionHeader } from './format.ts'
import { type DataMember, readMember } from './json-members.ts'
import { changedKeys, mergeData, own, replaceContents } from './merge.ts'
import type { Recollection } from './recollection.ts'
import { same } from './same.ts'
import type { SessionKeys } from './session-keys.ts'
import { WatchedData } from './watched-data.ts'

/** Characters or bytes from which on it costs less to watch data than to serialise them again. */
const WATCH_FROM = 1024

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
export interface StoredState {
  id: string
  key: string
  header: SessionHeader
  serialized: Serialized
  /** As it lay there: what a write has to find again. */
  value: Uint8Array
  /** Where a memory in front of the store held it. */
  recollection?: Recollection | undefined
  /** The data as the schema made them of what is stored. */
  output?: SessionData | undefined
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
  initial?: { serialized: Serialized; output: SessionData }
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
  /** What is wrong with an `invalid` or `unavailable` session. */
  error: SessionError | undefined
  /** The keys of a value that cannot be read, to be removed once a login has started a session beside it. */
  superseded: SessionKeys | undefined
  /** What the response has to do about the cookie. */
  cookie: 'set' | 'clear' | undefined
  /** The response's headers have left. */
  sealed = false
  /** An explicit save that failed and was perhaps ignored: a response must not leave as if all was well. */
  failure: SessionError | undefined
  /** An event has told that this request's changes are dropped. */
  isReported = false

  readonly #format: SessionFormat
  /** What a session that is not stored begins with, by the schema's defaults. */
  readonly #initial: Beginning['initial']
  #id: string | (() => string)
  #data: SessionData | undefined
  #watched: WatchedData | undefined
  /** What was found to have changed: one commit asks for it several times. */
  #compared: { snapshot: Serialized; keys: string[] } | undefined
  #busy: Promise<unknown> | undefined

  constructor(format: SessionFormat, begin: Beginning) {
    this.#format = format
    this.#initial = begin.initial
    this.status = begin.status
    this.isNew = begin.stored === undefined
    this.#id = begin.id
    this.header = begin.header
    this.expiresAt = begin.expiresAt
    this.stored = begin.stored
    this.error = begin.error
    this.superseded = begin.superseded
  }

  /** Made when first asked for: most anonymous requests need none. */
  get id(): string {
    if (typeof this.#id === 'function') this.#id = this.#id()
    return this.#id
  }

  set id(id: string) {
    this.#id = id
  }

  /** The live data, parsed when first asked for. Throws a `SessionValueError`. */
  get data(): SessionData {
    if (this.status === 'invalid') throw this.error
    this.#data ??= (this.stored ? this.stored.output : this.#initial?.output) ?? this.#open()
    return this.#data
  }

  #open(): SessionData {
    if ((this.#original?.length ?? 0) < WATCH_FROM) return this.originalData()
    const members = this.#members()
    this.#watched = members ? WatchedData.ofMembers(members, readMember) : WatchedData.of(this.originalData())
    return this.#watched.data
  }

  /** Those that this request found, without what lies inside of them; `undefined` where they have to be read as a whole. */
  #members(): readonly DataMember[] | undefined {
    if (this.stored?.recollection) return this.stored.recollection.members
    const serialized = this.#original
    return serialized === undefined ? undefined : this.#format.members?.(serialized)
  }

  /** A fresh copy of the data as this request found it. */
  originalData(): SessionData {
    const recollection = this.stored?.recollection
    if (recollection) return recollection.copy()
    const serialized = this.#original
    return serialized === undefined ? {} : this.#format.deserialize(serialized)
  }

  /** The same of some keys, and perhaps of others. */
  #originalOf(keys: readonly string[]): SessionData {
    const members = this.#watched?.isText ? this.#members() : undefined
    if (!members) return this.originalData()
    const asked = members.filter(({ key }) => keys.includes(key))
    return Object.fromEntries(asked.map(({ key, text }) => [key, readMember(text)]))
  }

  get #original(): Serialized | undefined {
    return this.stored ? this.stored.serialized : this.#initial?.serialized
  }

  /** The live data as the format stores it: what a commit sets out to write, whatever handlers do meanwhile. */
  snapshot(): Serialized {
    const data = this.#data
    if (data === undefined) return this.#original ?? this.#format.serialize({})
    if (!this.#watched) {
      const recollection = this.stored?.recollection
      const isAsFound = recollection !== undefined && same(recollection.data, data)
      return isAsFound ? recollection.decoded.serialized : this.#format.serialize(data)
    }
    const { changed, held } = this.#watched.suspects()
    if (changed.length + held.length === 0) return this.#original as Serialized
    return this.#watched.isText
      ? this.#join(data, this.#watched)
      : this.#watched.quietly(() => this.#format.serialize(data))
  }

  /** As JSON, with the text of what nobody has seen as it was. */
  #join(data: SessionData, watched: WatchedData): string {
    const members: string[] = []
    for (const key of Object.keys(data)) {
      const text = watched.textOf(key)
      if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`)
      else {
        const alone = this.#format.serialize({ [key]: data[key] }) as string
        if (alone.length > EMPTY.length) members.push(alone.slice(1, -1))
      }
    }
    return `{${members.join()}}`
  }

  /** Whether a snapshot holds anything else than what this request found. */
  differs(snapshot: Serialized): boolean {
    // Equal serialisations mean equal data; unequal ones may still.
    if (this.#data === undefined) return false
    // Before the comparison of two long texts.
    if (this.#watched && this.#watched.suspects().changed.length > 0) return true
    if (snapshot === this.#original) return false
    if (this.#compared?.snapshot !== snapshot) this.#compared = { snapshot, keys: this.changedKeys() }
    return this.#compared.keys.length > 0
  }

  /** The top-level keys that this request changed. */
  changedKeys(): string[] {
    if (this.#data === undefined) return []
    if (!this.#watched) return changedKeys(this.stored?.recollection?.data ?? this.originalData(), this.#data)
    const { changed, held } = this.#watched.suspects()
    if (held.length === 0) return changed
    const data = this.#data
    const original = this.#originalOf(held)
    return [...changed, ...held.filter((key) => !same(own(original, key), own(data, key)))]
  }

  /** Only what this request itself put in. */
  ownChanges(): SessionData {
    if (this.#data === undefined) return {}
    const data = this.#data
    const keys = this.changedKeys().filter((key) => own(data, key) !== undefined)
    return Object.fromEntries(keys.map((key) => [key, data[key]]))
  }

  /** Lets go of what was stored, keeping live data of `data` alone. */
  startOver(header: SessionHeader, data: SessionData): void {
    this.status = 'new'
    this.stored = undefined
    this.rotation = undefined
    this.error = undefined
    this.isReported = false
    this.header = header
    this.keepOnly(data)
  }

  keepOnly(data: SessionData): void {
    this.#unwatch()
    this.#data ??= {}
    replaceContents(this.#data, data)
  }

  /** After a commit that set out from `snapshot`: takes in what it merged, keeping what handlers did meanwhile. */
  adopt(stored: StoredState, snapshot: Serialized): void {
    this.status = 'stored'
    this.stored = stored
    this.rotation = undefined
    this.touched = false
    this.failure = undefined
    this.#compared = undefined
    if (this.#data === undefined) return
    if (stored.serialized === snapshot) return this.#watched?.rebase()
    this.#mergeIn(this.#data, stored, snapshot)
  }

  /** Newer than what this request found: the rest of the data and the details follow, what this request changed stays. */
  takeIn(stored: StoredState, expiresAt: number): void {
    const found = this.stored as StoredState
    const { expiry } = this.header
    const isDated = !sameExpiry(expiry, found.header.expiry)
    this.header = { ...stored.header, ...(isDated && { expiry }) }
    if (!isDated) this.expiresAt = expiresAt
    this.stored = stored
    if (this.#data === undefined || stored.serialized === found.serialized) return
    this.#mergeIn(this.#data, stored, found.serialized)
  }

  /** Takes into live data what changed from `snapshot` to `stored`, keeping what handlers did meanwhile. */
  #mergeIn(data: SessionData, stored: StoredState, snapshot: Serialized): void {
    this.#unwatch()
    const now = this.#format.deserialize(this.#format.serialize(data))
    const before = this.#format.deserialize(snapshot)
    const written = this.#format.deserialize(stored.serialized)
    const merged = mergeData(before, now, written, ({ mine }) => mine).data
    for (const key of changedKeys(now, merged)) {
      if (Object.hasOwn(merged, key)) data[key] = (stored.output ?? merged)[key]
      else delete data[key]
    }
  }

  #unwatch(): void {
    this.#watched = undefined
    this.#compared = undefined
  }

  /** Drops what handlers changed, for what the store holds now. */
  reset(stored: StoredState | undefined): void {
    this.stored = stored
    if (this.#data !== undefined) this.keepOnly(stored?.output ?? this.originalData())
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

/** What JSON makes of no member. */
const EMPTY = '{}'

const ignore = () => {}
