import type { Serialized, SessionData, SessionFormat } from './format.ts'
import { type DataMember, readMember } from './json-members.ts'
import { changedKeys, mergeData, own, replaceContents } from './merge.ts'
import type { Recollection } from './recollection.ts'
import { same } from './same.ts'
import { WatchedData } from './watched-data.ts'

/** Characters or bytes from which on it costs less to watch data than to serialise them again. */
const WATCH_FROM = 1024

/** What the data of a session were made of. */
export interface Origin {
  serialized: Serialized
  /** As the schema made them of it. */
  output?: SessionData | undefined
  /** Where a memory in front of the store held it. */
  recollection?: Recollection | undefined
}

/**
 * The data in the hands of one request's handlers: made when first asked for, compared with what they were made of, joined with
 * what others wrote meanwhile. What they were made of stays known when the session has ended: what came from
 * there is not this request's own.
 */
export class LiveData {
  readonly #format: SessionFormat
  /** `undefined` for none: all that there is is this request's own. */
  #origin: Origin | undefined
  #data: SessionData | undefined
  #watched: WatchedData | undefined
  /** What was found to have changed: one commit asks for it several times. */
  #compared: { snapshot: Serialized; keys: string[] } | undefined

  constructor(format: SessionFormat, origin: Origin | undefined) {
    this.#format = format
    this.#origin = origin
  }

  /** Parsed when first asked for. Throws a `SessionValueError`. */
  get data(): SessionData {
    this.#data ??= this.#origin?.output ?? this.#open()
    return this.#data
  }

  #open(): SessionData {
    if ((this.#origin?.serialized.length ?? 0) < WATCH_FROM) return this.#found()
    const members = this.#members()
    this.#watched = members ? WatchedData.ofMembers(members, readMember) : WatchedData.of(this.#found())
    return this.#watched.data
  }

  /** Those that this request found, without what lies inside of them; `undefined` where they have to be read as a whole. */
  #members(): readonly DataMember[] | undefined {
    const origin = this.#origin
    if (origin?.recollection) return origin.recollection.members
    return origin && this.#format.members?.(origin.serialized)
  }

  /** A fresh copy of the data as this request found them. */
  #found(): SessionData {
    const origin = this.#origin
    if (origin?.recollection) return origin.recollection.copy()
    return origin ? this.#format.deserialize(origin.serialized) : {}
  }

  /** The same of some keys, and perhaps of others. */
  #foundOf(keys: readonly string[]): SessionData {
    const members = this.#watched?.isText ? this.#members() : undefined
    if (!members) return this.#found()
    const asked = members.filter(({ key }) => keys.includes(key))
    return Object.fromEntries(asked.map(({ key, text }) => [key, readMember(text)]))
  }

  /** As the format stores them: what a commit sets out to write, whatever handlers do meanwhile. */
  snapshot(): Serialized {
    const data = this.#data
    if (data === undefined) return this.#origin?.serialized ?? this.#format.serialize({})
    if (!this.#watched) {
      const recollection = this.#origin?.recollection
      const isAsFound = recollection !== undefined && same(recollection.data, data)
      return isAsFound ? recollection.decoded.serialized : this.#format.serialize(data)
    }
    const { changed, held } = this.#watched.suspects()
    if (changed.length + held.length === 0) return this.#origin?.serialized as Serialized
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
    if (snapshot === this.#origin?.serialized) return false
    if (this.#compared?.snapshot !== snapshot) this.#compared = { snapshot, keys: this.changedKeys() }
    return this.#compared.keys.length > 0
  }

  /** The top-level keys that this request changed. */
  changedKeys(): string[] {
    if (this.#data === undefined) return []
    if (!this.#watched)
      return changedKeys(this.#origin?.recollection?.data ?? this.#found(), this.#asFound(this.#data))
    const { changed, held } = this.#watched.suspects()
    if (held.length === 0) return changed
    const data = this.#data
    const found = this.#foundOf(held)
    return [...changed, ...held.filter((key) => !same(own(found, key), own(data, key)))]
  }

  /** Data as a load would read them: a schema may have made dates of texts. */
  #asFound(data: SessionData): SessionData {
    return this.#origin?.output ? this.#format.deserialize(this.#format.serialize(data)) : data
  }

  /** Only what this request itself put in. */
  ownChanges(): SessionData {
    if (this.#data === undefined) return {}
    const data = this.#data
    const keys = this.changedKeys().filter((key) => own(data, key) !== undefined)
    return Object.fromEntries(keys.map((key) => [key, data[key]]))
  }

  #keepOnly(data: SessionData): void {
    this.#unwatch()
    this.#data ??= {}
    replaceContents(this.#data, data)
  }

  /** Lets go of what was found: of what is there only `own` stays, as this request's own, on top of `initial`. */
  startOver(own: SessionData, initial: Origin | undefined): void {
    this.#origin = initial
    this.#keepOnly({ ...initial?.output, ...own })
  }

  /** After a commit that set out from `snapshot`: takes in what it merged, keeping what handlers did meanwhile. */
  adopt(origin: Origin, snapshot: Serialized): void {
    this.#origin = origin
    this.#compared = undefined
    if (this.#data === undefined) return
    if (origin.serialized === snapshot) this.#watched?.rebase()
    else this.#mergeIn(this.#data, origin, snapshot)
  }

  /** Newer than what this request found: the rest follows, what this request changed stays. */
  takeIn(origin: Origin): void {
    const found = this.#origin as Origin
    this.#origin = origin
    if (this.#data === undefined || origin.serialized === found.serialized) return
    this.#mergeIn(this.#data, origin, found.serialized)
  }

  /** Drops what handlers changed, for what is there now. */
  reset(origin: Origin | undefined): void {
    this.#origin = origin
    if (this.#data !== undefined) this.#keepOnly(origin?.output ?? this.#found())
  }

  /** Takes in what changed from `snapshot` to `origin`. */
  #mergeIn(data: SessionData, origin: Origin, snapshot: Serialized): void {
    this.#unwatch()
    const now = this.#format.deserialize(this.#format.serialize(data))
    const before = this.#format.deserialize(snapshot)
    const written = this.#format.deserialize(origin.serialized)
    const merged = mergeData(before, now, written, ({ mine }) => mine).data
    for (const key of changedKeys(now, merged)) {
      if (Object.hasOwn(merged, key)) data[key] = (origin.output ?? merged)[key]
      else delete data[key]
    }
  }

  #unwatch(): void {
    this.#watched = undefined
    this.#compared = undefined
  }
}

/** What JSON makes of no member. */
const EMPTY = '{}'
