import type { SessionValueError, StoreUnavailableError } from './errors.ts'

/**
 * Where sessions lie: keys → bytes with a deadline. Deadlines are absolute, in epoch milliseconds; a store
 * sends them as time left, so that its clock and ours need not agree.
 *
 * A verb rejects **only** when the system fails. What is there but cannot be a session (another Redis type, say)
 * is *answered*, as a `SessionValueError`, and changed by no verb but `destroy`. A verb called again
 * because its reply was lost answers as the first call did, as far as the bytes now there can tell.
 */
export interface SessionStore {
  /** A short name for people: `'memory'`, `'redis'`. */
  readonly name: string
  readonly supports: StoreSupports
  /** Answers the value, or `null` when there is none or its deadline has passed. */
  read(key: string, options?: ReadOptions): Promise<StoredValue | SessionValueError | null>
  /**
   * Optional, of a memory in front of a store: what `read` would answer from it, at once; `undefined` where the store has to be
   * asked. The bytes stay the memory's own, and must not be changed.
   */
  recall?(key: string, options?: ReadOptions): RecalledValue | undefined
  /** Writes only if the key is free (or already holds exactly `value`): `true`; `false` when it is taken. */
  create(key: string, value: Uint8Array, expiresAt: number, options?: IndexingOptions): Promise<boolean>
  /** Writes only if the key still lives and, atomically, still holds what `expected` says (`undefined`: anything). */
  replace(
    key: string,
    value: Uint8Array,
    expiresAt: number,
    expected?: Expected,
    options?: IndexingOptions,
  ): Promise<ReplaceOutcome | SessionValueError>
  /** Moves a living session to a new key, which exists before the old one goes; a dead one stays dead. */
  rotate(
    oldKey: string,
    newKey: string,
    value: Uint8Array,
    expiresAt: number,
    expected?: Expected,
    options?: EndOptions & IndexingOptions,
  ): Promise<RotateOutcome | SessionValueError>
  /** Moves the deadline of a living key; `false` when there is none. */
  touch(key: string, expiresAt: number, options?: WriteOptions): Promise<boolean | SessionValueError>
  /** Removes whatever is there; `true` when there was something other than a mark. Idempotent. */
  destroy(key: string, options?: EndOptions): Promise<boolean>
}

export interface StoredValue {
  value: Uint8Array
  /** The key's deadline, where the store learnt it on the way (always with `extend` and `withDeadline`); `Infinity` for none. */
  expiresAt?: number
}

/** The same object for as long as the memory holds it. */
export interface RecalledValue extends StoredValue {
  /** The reader's own: what it made of the value, for the reads to come. */
  made?: unknown
  /** To be told whenever that comes to take more memory: so many bytes more, roughly. */
  takes?(bytes: number): void
}

export interface ReadOptions {
  /**
   * Also move the deadline, in the same round trip, to min(now + idle, until) as the value itself says (`slideOf`), unless that
   * moves it by less than `touchAfter` milliseconds. A value that cannot be read so is left alone.
   */
  extend?: { fields: SlideFields | LeadingIdle; now: number; touchAfter: number }
  /** Also answer the key's deadline, in the same round trip. */
  withDeadline?: boolean
  /** Ask the store itself, whatever memory is in front of it. */
  fresh?: boolean
}

/** Where in a value the idle time (seconds) and the last deadline (epoch ms) stand, in base 36: [offset, length]. */
export interface SlideFields {
  idle: readonly [number, number]
  until: readonly [number, number]
}

/**
 * The idle time that a value of another library begins with: right behind `lead`, which is ASCII, `null` or 1 to 15 digits without a
 * leading 0, milliseconds, and then a comma or a closing brace. There is no last deadline.
 */
export interface LeadingIdle {
  lead: string
  /** Milliseconds where `null` stands. */
  otherwise: number
}

export interface WriteOptions {
  /** Epoch ms by which the caller gives up: a store that gets to the write later refuses it instead of applying it. */
  notAfter?: number
}

export interface IndexingOptions extends WriteOptions {
  /** Also enters the written key into an index, no later than the write is answered. For stores that `supports.owners`. */
  index?: IndexEntry | undefined
}

/** Where and how a key is listed, such as a session among those of its owner. */
export interface IndexEntry {
  /** The key of the index. */
  key: string
  /** A few characters for whoever reads the index. */
  note: string
  /** Epoch ms until which the entry may matter; moving the key's own deadline does not move it. */
  expiresAt: number
  /** With `rotate`: the new key takes over the rank of the old one, where that one is in the index. Default `false`. */
  keepsRank?: boolean
  /**
   * With `rotate`: others know the new key and may use it before this is answered, so that it has to be in the index before it is made,
   * should the rest fail. Default `false`.
   */
  isKnown?: boolean
}

export interface EndOptions extends WriteOptions {
  /** A tombstone: what a living key leaves behind instead of nothing. A key holding a mark counts as ended. */
  mark?: EndMark
}

export interface EndMark {
  value: Uint8Array
  expiresAt: number
  /** The leading bytes by which every mark of this format is known. */
  lead: Uint8Array
}

/** What a key must hold: the `whole` value, or, in formats only Tegata writes, a leading `stamp` unlike any other. */
export type Expected = { whole: Uint8Array } | { stamp: Uint8Array }

/** A deadline that is not in the future ends the key: `replaced`; `create` then writes nothing and answers `true`. */
export type ReplaceOutcome =
  | { outcome: 'replaced' }
  | { outcome: 'gone' }
  | { outcome: 'conflict'; value: Uint8Array }

/**
 * `taken`: the new key was in use, nothing was changed; where the old one is not as expected either, either outcome may be answered.
 * `isSpent`: the new key must not be tried again: it was in the index for a moment, and others may have taken it for ended.
 */
export type RotateOutcome = (ReplaceOutcome & { isSpent?: boolean }) | { outcome: 'taken' }

/** What a store does beyond the six verbs; the suite, tools and users read it. */
export interface StoreSupports {
  /** The conditional verbs are atomic: without it neither lost updates nor resurrections are prevented. */
  conditional: boolean
  /** Survives a restart of this process and is shared with others. */
  shared: boolean
  enumerate: boolean
  owners: boolean
  watch: boolean
}

/** Optional ability `enumerate`: every key that lives throughout the iteration appears at least once. */
export interface EnumerableStore extends SessionStore {
  keys(prefix: string): AsyncIterable<string>
}

/**
 * Optional ability `owners`: keys are listed in an index by the writes themselves. A key that was written with `index` is in that
 * index for as long as it lives (until `expiresAt` of its last entry), and `rotate` enters the new key before the old one goes. A key that is
 * listed may have ended.
 */
export interface IndexedStore extends SessionStore {
  members(index: string): Promise<IndexMember[]>
  /** Takes keys out of an index; for keys that have ended, since only a write with `index` brings one back in. */
  removeMembers(index: string, keys: readonly string[]): Promise<void>
}

export interface IndexMember {
  key: string
  note: string
  /** Higher than that of any key that was in this index before; written again, a key keeps it. */
  rank: number
}

/** Optional ability `watch`: every change of a key is told, whoever made it; a change that was made once may be told twice. */
export interface WatchableStore extends SessionStore {
  /**
   * Watches all keys that begin with `prefix`, until `close()`, across every loss of a connection. The listener is told
   * nothing before this call has returned.
   */
  watch(prefix: string, listener: WatchListener): KeyWatch
}

export interface WatchListener {
  /** From here on every change is told. What was learnt of any key before is void. */
  begun(): void
  /** The value or the deadline of a key changed, or it ended: by a verb, by a foreign writer, by its deadline or for want of memory. */
  changed(key: string): void
  /** Changes are missed until the watch has begun again. Told once, and only of a watch that had begun. */
  broken(): void
  /**
   * Optional, for people: why changes cannot be told. Once for each loss, also of a watch that never began; not of one that begins
   * again at the first attempt, and not where the application itself has not connected the client, or has closed it.
   */
  lost?(error: StoreUnavailableError): void
  /** Optional: that is over, as the first `settled()` has shown. */
  restored?(): void
}

export interface KeyWatch {
  /**
   * Resolves once every change has been told that was answered to its writer before this call. Rejects when that cannot be
   * said: the watch has not begun, or breaks meanwhile.
   */
  settled(): Promise<void>
  /** Nothing more is told. */
  close(): void
}
