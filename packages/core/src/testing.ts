import type { SessionContext } from './context.ts'
import type { SessionEvent } from './events.ts'
import type { SessionOptions } from './options.ts'
import { sameBytes } from './same.ts'
import { createSessions } from './sessions.ts'
import { slideOf } from './slide.ts'
import type {
  EndMark,
  EndOptions,
  Expected,
  IndexEntry,
  IndexedStore,
  IndexMember,
  SessionStore,
  StoredValue,
  WriteOptions,
} from './store.ts'

/** What a test does at a moment of a store's call: wait, or throw as a lost connection would. */
export type Hook = (verb: string, key: string) => void | Promise<void>

/** The store contract over a Map, with moments at which a test can step in. */
export class MapStore implements IndexedStore {
  readonly name = 'map'
  readonly supports = { conditional: true, shared: false, enumerate: false, owners: true, watch: false }
  readonly entries = new Map<string, { value: Uint8Array; expiresAt: number }>()
  readonly indexes = new Map<string, Map<string, IndexMember>>()
  /** Verbs in the order in which they were called. */
  readonly calls: string[] = []
  /** Before the effect, and after it but before the answer. */
  before: Hook = () => {}
  after: Hook = () => {}
  /** "Two slots": `rotate` makes the new key, enters it and ends the old one in steps that others get in between. */
  inSteps = false
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  read: SessionStore['read'] = (key, { extend, withDeadline } = {}) =>
    this.#call('read', key, (): StoredValue | null => {
      const entry = this.#live(key)
      if (!entry) return null
      if (!extend) return withDeadline ? { ...entry } : { value: entry.value }
      const slide = slideOf(entry.value, extend.fields)
      const target = slide ? Math.min(extend.now + slide.idle, slide.until) : entry.expiresAt
      if (Math.abs(target - entry.expiresAt) >= extend.touchAfter) entry.expiresAt = target
      return { ...entry }
    })

  create: SessionStore['create'] = (key, value, expiresAt, options) =>
    this.#call('create', key, () => {
      const there = this.#live(key)
      if (there) return sameBytes(there.value, value)
      this.#refuseLate(options)
      this.#put(key, value, expiresAt)
      this.#enter(key, options?.index)
      return true
    })

  replace: SessionStore['replace'] = (key, value, expiresAt, expected, options) =>
    this.#call('replace', key, () => {
      const met = this.#meet(key, value, expected)
      if (met) return met
      this.#refuseLate(options)
      this.#put(key, value, expiresAt)
      this.#enter(key, options?.index)
      return { outcome: 'replaced' }
    })

  rotate: SessionStore['rotate'] = (oldKey, newKey, value, expiresAt, expected, options) => {
    if (this.inSteps) return this.#rotateInSteps(oldKey, newKey, value, expiresAt, expected, options)
    return this.#call('rotate', oldKey, () => {
      const there = this.#live(newKey)
      if (there) return { outcome: sameBytes(there.value, value) ? 'replaced' : 'taken' }
      const met = this.#meet(oldKey, value, expected)
      if (met) return met
      this.#refuseLate(options)
      this.#put(newKey, value, expiresAt)
      this.#enter(newKey, options?.index, oldKey)
      this.#end(oldKey, options?.mark)
      return { outcome: 'replaced' }
    })
  }

  #rotateInSteps: SessionStore['rotate'] = async (oldKey, newKey, value, expiresAt, expected, options) => {
    const isFree = await this.#call('make', newKey, () => {
      const isFree = !this.#live(newKey)
      if (isFree) this.#put(newKey, value, expiresAt)
      return isFree
    })
    if (!isFree) return { outcome: 'taken' }
    await this.#call('enter', newKey, () => this.#enter(newKey, options?.index, oldKey))
    const met = await this.#call('leave', oldKey, () => {
      const { mark } = options ?? {}
      const there = this.#live(oldKey)
      const isMarked = there && mark && sameBytes(there.value.subarray(0, mark.lead.length), mark.lead)
      const met = isMarked ? ({ outcome: 'gone' } as const) : this.#meet(oldKey, value, expected)
      if (!met) this.#end(oldKey, mark)
      return met
    })
    if (!met) return { outcome: 'replaced' }
    await this.#call('undo', newKey, () => {
      const there = this.#live(newKey)
      if (there && sameBytes(there.value, value)) this.#end(newKey, undefined)
    })
    return options?.index ? { ...met, isSpent: true } : met
  }

  touch: SessionStore['touch'] = (key, expiresAt) =>
    this.#call('touch', key, () => {
      const entry = this.#live(key)
      if (entry) entry.expiresAt = expiresAt
      return entry !== undefined
    })

  destroy: SessionStore['destroy'] = (key, { mark }: EndOptions = {}) =>
    this.#call('destroy', key, () => {
      const entry = this.#live(key)
      if (!entry || (mark && sameBytes(entry.value.subarray(0, mark.lead.length), mark.lead))) return false
      this.#end(key, mark)
      return true
    })

  members: IndexedStore['members'] = (index) =>
    this.#call('members', index, () => [...(this.indexes.get(index)?.values() ?? [])])

  removeMembers: IndexedStore['removeMembers'] = (index, keys) =>
    this.#call('removeMembers', index, () => {
      for (const key of keys) this.indexes.get(index)?.delete(key)
    })

  #rank = 0

  #enter(key: string, entry: IndexEntry | undefined, old?: string) {
    if (!entry) return
    const index = this.indexes.get(entry.key) ?? new Map<string, IndexMember>()
    this.indexes.set(entry.key, index)
    const heir = entry.keepsRank && old !== undefined ? index.get(old) : undefined
    const rank = (index.get(key) ?? heir)?.rank ?? ++this.#rank
    index.set(key, { key, note: entry.note, rank })
  }

  async #call<T>(verb: string, key: string, effect: () => T): Promise<T> {
    this.calls.push(verb)
    await this.before(verb, key)
    const answer = effect()
    await this.after(verb, key)
    return answer
  }

  #live(key: string) {
    const entry = this.entries.get(key)
    return entry && entry.expiresAt > this.#now() ? entry : undefined
  }

  #meet(key: string, value: Uint8Array, expected: Expected | undefined) {
    const entry = this.#live(key)
    if (!entry) return { outcome: 'gone' } as const
    if (!expected || sameBytes(entry.value, value)) return undefined
    const bytes = 'whole' in expected ? expected.whole : expected.stamp
    const there = 'whole' in expected ? entry.value : entry.value.subarray(0, bytes.length)
    return sameBytes(there, bytes) ? undefined : ({ outcome: 'conflict', value: entry.value } as const)
  }

  #refuseLate({ notAfter = Number.POSITIVE_INFINITY }: WriteOptions = {}) {
    if (this.#now() > notAfter) throw new Error('late')
  }

  #put(key: string, value: Uint8Array, expiresAt: number) {
    if (expiresAt > this.#now()) this.entries.set(key, { value: value.slice(), expiresAt })
    else this.entries.delete(key)
  }

  #end(key: string, mark: EndMark | undefined) {
    if (mark) this.#put(key, mark.value, mark.expiresAt)
    else this.entries.delete(key)
  }
}

/** A manager over a `MapStore`, a clock that tests move, and a browser that keeps one cookie. */
export class World<Data extends object = Record<string, unknown>> {
  time = Date.UTC(2026, 0, 1)
  readonly store = new MapStore(() => this.time)
  readonly events: SessionEvent[] = []
  readonly sessions
  cookie: string | undefined

  constructor(options: Partial<SessionOptions<Data>> = {}) {
    this.sessions = this.another(options)
  }

  /** A second process on the same store. */
  another(options: Partial<SessionOptions<Data>> = {}) {
    return createSessions<Data>({
      store: this.store,
      now: () => this.time,
      onEvent: (event) => this.events.push(event),
      ...options,
    })
  }

  open(sessions = this.sessions, cookie = this.cookie): SessionContext<Data> {
    return sessions.open({ cookie })
  }

  /** A whole request: handler, commit, and the browser taking the cookie. */
  async request<T>(handler: (context: SessionContext<Data>) => T | Promise<T>): Promise<T> {
    const context = this.open()
    const answer = await handler(context)
    await context.commit()
    this.take(context)
    return answer
  }

  /** What the browser does with the response. */
  take(context: SessionContext<Data>): string | undefined {
    const [setCookie] = context.headers().setCookies
    if (setCookie) this.cookie = /Max-Age=0/.test(setCookie) ? undefined : setCookie.split(';')[0]
    return setCookie
  }

  /** What the store holds as text, marks aside. */
  get values(): string[] {
    return [...this.store.entries.values()]
      .filter(({ expiresAt }) => expiresAt > this.time)
      .map(({ value }) => new TextDecoder().decode(value))
      .filter((text) => !text.startsWith('["ended'))
  }

  eventsOf<T extends SessionEvent['type']>(type: T) {
    return this.events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type)
  }
}

/** A promise and the hands that settle it. */
export function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
