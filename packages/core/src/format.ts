import type { Cipher } from './cipher.ts'
import type { DataMember } from './json-members.ts'
import type { EndMark, Expected, LeadingIdle, SlideFields } from './store.ts'

export type SessionData = Record<string, unknown>

/** What `setExpiry` was given: seconds, a fixed date, the browser's session; absent for the manager's `idleTimeout`. */
export type Expiry = number | Date | 'browser' | undefined

/** All that is kept about a session beside its data. */
export interface SessionHeader {
  /**
   * Epoch ms. Also the creation stamp by which a reused id is told from the session that had it before. `Infinity` while
   * unknown: in a value that another library wrote, until our first write.
   */
  createdAt: number
  /** Epoch ms of the write that stored this. */
  writtenAt: number
  /** Idle timeout in seconds; `Infinity` for none. Where a read cannot slide the deadline, the manager's rules stand in for it. */
  idle: number
  /** The last deadline whatever happens, epoch ms; `Infinity` for none. */
  until: number
  expiry?: Expiry
  owner?: string
  /** Epoch ms of the last `authenticate`. */
  authenticatedAt?: number
  /** A name for people, shown in lists of sessions: a device, a browser. */
  label?: string
  /** What another library keeps beside the data, its cookie's attributes say: carried along, and never read by core. */
  extras?: Readonly<Record<string, unknown>>
}

/** Data as a format stores it: equal serialisations mean equal data, never the other way round. */
export type Serialized = string | Uint8Array

export interface DecodedSession {
  header: SessionHeader
  serialized: Serialized
}

/**
 * How a session looks at rest: id → key, header and data ↔ bytes. A format holds no state and does no I/O.
 */
export interface SessionFormat {
  readonly name: string
  /** `true` where what lies in the store is only a copy: the session can be read, and every verb that would change it is refused. */
  readonly isReadOnly?: boolean
  /** Top-level keys of the data that say whose session it is; merging never crosses a change of one. */
  readonly identityKeys: readonly string[]
  /** The key prefix shared by every session of this format. */
  readonly prefix: string
  /** A new id, from at least 128 bits of `random`. */
  createId(random: (bytes: number) => Uint8Array): string
  /** Whether a text has the shape of an id; anything else never reaches the store. */
  isId(text: string): boolean
  keyOf(id: string): string
  /** Called at the end of every request that was handed the data. Throws a `SessionDataError` naming the key at fault. */
  serialize(data: SessionData): Serialized
  /** Called before a write: throws a `SessionDataError` for what `serialize` would lose without a word. */
  assertStorable?(data: SessionData): void
  /** A fresh copy of the data at each call. Throws a `SessionValueError`. */
  deserialize(serialized: Serialized): SessionData
  /**
   * Present where data are JSON text of which a request may read some members alone. `undefined`, too, for data that are to be
   * deserialised as a whole; it never throws.
   */
  members?(serialized: Serialized): readonly DataMember[] | undefined
  /**
   * Different bytes at every call: a store takes bytes that are there already for its own, written before a reply was lost, and
   * two requests may make the same of one session. May settle the header's expiry, which is dated by afterwards.
   */
  encode(
    header: SessionHeader,
    serialized: Serialized,
    key: string,
    random: (bytes: number) => Uint8Array,
  ): Uint8Array
  /** `'ended'` for a mark. Throws a `SessionValueError`. */
  decode(value: Uint8Array, key: string): DecodedSession | 'ended'
  /** What `replace` and `rotate` must find in order to write over `value`. */
  expected(value: Uint8Array): Expected
  /** Present where one read can also slide the deadline. */
  readonly slideFields?: SlideFields
  /** The same for values of another library, which say how long they idle and nothing else: not used under an `absoluteTimeout`. */
  readonly leadingIdle?: LeadingIdle
  /**
   * `true` where the value itself says when it ends, for readers that go by that: moving the idle deadline means writing
   * the value again, and a value is over when it says so, whatever its key's own deadline.
   */
  readonly statesDeadline?: boolean
  /** The format that sessions are moved from at their first use: looked at where this one holds nothing. */
  readonly previous?: SessionFormat
  /** Present where values can be encrypted: the same format with `cipher`. */
  withCipher?(cipher: Cipher): SessionFormat
  /** Present where an ended session leaves a mark at its key. */
  endMark?(now: number, random: (bytes: number) => Uint8Array): EndMark
}
