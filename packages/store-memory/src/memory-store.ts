import {
  type EndMark,
  type EnumerableStore,
  type Expected,
  type IndexEntry,
  type IndexedStore,
  StoreUnavailableError,
  slideOf,
  type WriteOptions,
} from '@tegata/core'

export interface MemoryStoreOptions {
  /** Sessions kept at a time. Default 100,000. */
  maxSessions?: number
  /** Bytes of their values, together. Default 268,435,456 (256 MiB). */
  maxBytes?: number
  /**
   * What a new session means when the store is full of living ones: `'refuse'`, a `StoreUnavailableError`, and nobody is
   * logged out; `'evict'`, the least recently used session ends without a word. Default `'refuse'`.
   */
  onFull?: 'refuse' | 'evict'
  /** Epoch ms; the clock of `createSessions`. Default `Date.now`. */
  now?: () => number
}

export interface MemoryStore extends EnumerableStore, IndexedStore {
  /** How many sessions it holds, some of which may have expired. */
  readonly size: number
}

interface Entry {
  value: Uint8Array
  expiresAt: number
  /** The index that lists it. */
  place?: Place | undefined
}

interface Place {
  index: string
  note: string
  rank: number
}

/** Entries looked at per write in search of expired ones: more than a write can add, so that the sweep wins. */
const SWEEP_STEP = 4

/**
 * Sessions in the memory of this process, with which they end: for development, tests, and applications of one process that may lose
 * them. No timers: an expired session is never answered, and each write removes a few.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const {
    maxSessions = 100_000,
    maxBytes = 256 * 1024 * 1024,
    onFull = 'refuse',
    now = () => Date.now(),
    ...others
  } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of memoryStore().`)
  assertOptions({ maxSessions, maxBytes, onFull, now })
  // In order of use where the least recently used one may have to go, else of creation.
  const entries = new Map<string, Entry>()
  /** Keys of living entries, or of such as nobody has looked at since they expired. */
  const indexes = new Map<string, Set<string>>()
  let highestRank = 0
  let bytes = 0
  let sweeping = entries.entries()

  function find(key: string): Entry | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.expiresAt > now()) return entry
    remove(key, entry)
    return undefined
  }

  function remove(key: string, entry: Entry): void {
    entries.delete(key)
    bytes -= entry.value.length
    if (!entry.place) return
    const { index } = entry.place
    const members = indexes.get(index)
    members?.delete(key)
    if (members?.size === 0) indexes.delete(index)
  }

  /** Where a key shall be listed after a write; what is not said stays. */
  function placeFor(key: string, entry: IndexEntry | undefined, oldKey?: string): Place | undefined {
    const there = entries.get(key)?.place
    if (!entry) return there
    const old = oldKey !== undefined && entry.keepsRank ? entries.get(oldKey)?.place : undefined
    const known = [there, old].find((place) => place?.index === entry.key)
    return { index: entry.key, note: entry.note, rank: known?.rank ?? ++highestRank }
  }

  /** Throws while everything is still as it was. `freed`: another key that goes with this write. */
  function put(
    key: string,
    value: Uint8Array,
    expiresAt: number,
    place: Place | undefined,
    freed?: string,
  ): void {
    const goes = [key, freed].filter((one) => one !== undefined && entries.has(one)) as string[]
    if (expiresAt > now()) makeRoom(value.length, goes)
    for (const one of goes) {
      const entry = entries.get(one)
      if (entry) remove(one, entry)
    }
    if (expiresAt <= now()) return
    entries.set(key, { value: value.slice(), expiresAt, place })
    bytes += value.length
    if (place) indexes.set(place.index, (indexes.get(place.index) ?? new Set()).add(key))
    sweep(SWEEP_STEP)
  }

  function used(key: string, entry: Entry): void {
    if (onFull !== 'evict') return
    entries.delete(key)
    entries.set(key, entry)
  }

  function sweep(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const { done, value } = sweeping.next()
      if (done) {
        sweeping = entries.entries()
        return
      }
      const [key, entry] = value
      if (entry.expiresAt <= now()) remove(key, entry)
    }
  }

  function makeRoom(added: number, goes: readonly string[]): void {
    const freed = goes.reduce((sum, key) => sum + (entries.get(key)?.value.length ?? 0), 0)
    const isFull = () => entries.size + 1 - goes.length > maxSessions || bytes + added - freed > maxBytes
    if (!isFull()) return
    sweeping = entries.entries()
    sweep(entries.size + 1)
    if (added > maxBytes || (onFull === 'refuse' && isFull())) throw full()
    for (const [key, entry] of entries) {
      if (!isFull()) return
      if (!goes.includes(key)) remove(key, entry)
    }
    if (isFull()) throw full()
  }

  /** What stands in the way of writing over `key`, if anything. */
  function obstacle(key: string, value: Uint8Array, expected: Expected | undefined) {
    const entry = find(key)
    if (!entry) return { outcome: 'gone' } as const
    if (!expected || meets(entry.value, expected) || isSame(entry.value, value)) return undefined
    return { outcome: 'conflict', value: entry.value.slice() } as const
  }

  function end(key: string, mark: EndMark | undefined): void {
    const entry = entries.get(key)
    if (entry) remove(key, entry)
    // A mark is as small as what it stands for is gone: the bounds do not keep it out.
    if (mark && mark.expiresAt > now()) {
      entries.set(key, { value: mark.value.slice(), expiresAt: mark.expiresAt })
      bytes += mark.value.length
    }
  }

  function refuseLate({ notAfter = Number.POSITIVE_INFINITY }: WriteOptions): void {
    if (now() > notAfter) throw new StoreUnavailableError('A write for a session came after its time.')
  }

  return {
    name: 'memory',
    supports: { conditional: true, shared: false, enumerate: true, owners: true, watch: false },

    get size() {
      return entries.size
    },

    async read(key, { extend } = {}) {
      const entry = find(key)
      if (!entry) return null
      if (extend) {
        const slide = slideOf(entry.value, extend.fields)
        const target = slide ? Math.min(extend.now + slide.idle, slide.until) : entry.expiresAt
        if (slide && target <= extend.now) {
          remove(key, entry)
          return null
        }
        if (Math.abs(target - entry.expiresAt) >= extend.touchAfter) entry.expiresAt = target
      }
      used(key, entry)
      return { value: entry.value.slice(), expiresAt: entry.expiresAt }
    },

    async create(key, value, expiresAt, options = {}) {
      if (expiresAt <= now()) return true
      const entry = find(key)
      if (entry) return isSame(entry.value, value)
      refuseLate(options)
      put(key, value, expiresAt, placeFor(key, options.index))
      return true
    },

    async replace(key, value, expiresAt, expected, options = {}) {
      const met = obstacle(key, value, expected)
      if (met) return met
      const isThere = expected && !meets((find(key) as Entry).value, expected)
      if (isThere) return { outcome: 'replaced' }
      refuseLate(options)
      put(key, value, expiresAt, placeFor(key, options.index))
      return { outcome: 'replaced' }
    },

    async rotate(oldKey, newKey, value, expiresAt, expected, { mark, ...options } = {}) {
      const taken = find(newKey)
      const isThere = taken !== undefined && isSame(taken.value, value)
      const old = find(oldKey)
      const isMarked = mark !== undefined && old !== undefined && beginsWith(old.value, mark.lead)
      if (!old || isMarked) return { outcome: isThere ? 'replaced' : 'gone' }
      if (expected && !meets(old.value, expected)) {
        return isThere ? { outcome: 'replaced' } : { outcome: 'conflict', value: old.value.slice() }
      }
      if (oldKey === newKey || (taken && !isThere)) return { outcome: 'taken' }
      refuseLate(options)
      put(newKey, value, expiresAt, placeFor(newKey, options.index, oldKey), oldKey)
      end(oldKey, mark)
      return { outcome: 'replaced' }
    },

    async touch(key, expiresAt, options = {}) {
      const entry = find(key)
      if (!entry) return false
      refuseLate(options)
      entry.expiresAt = expiresAt
      used(key, entry)
      find(key)
      return true
    },

    async destroy(key, { mark, ...options } = {}) {
      const entry = find(key)
      if (!entry) return false
      if (mark && beginsWith(entry.value, mark.lead)) return isSame(entry.value, mark.value)
      refuseLate(options)
      end(key, mark)
      return true
    },

    async members(index) {
      const keys = [...(indexes.get(index) ?? [])]
      return keys.flatMap((key) => {
        const place = find(key)?.place
        return place ? [{ key, note: place.note, rank: place.rank }] : []
      })
    },

    async removeMembers(index, keys) {
      for (const key of keys) {
        const entry = entries.get(key)
        if (entry?.place?.index !== index) continue
        remove(key, entry)
        entries.set(key, { ...entry, place: undefined })
        bytes += entry.value.length
      }
    },

    async *keys(prefix) {
      for (const key of [...entries.keys()]) if (key.startsWith(prefix) && find(key)) yield key
    },
  }
}

function assertOptions({ maxSessions, maxBytes, onFull, now }: Required<MemoryStoreOptions>): void {
  for (const [name, value] of Object.entries({ maxSessions, maxBytes })) {
    if (typeof value !== 'number' || !(value > 0))
      throw new TypeError(`The option \`${name}\` of memoryStore() must be a positive number.`)
  }
  if (!['refuse', 'evict'].includes(onFull)) {
    throw new TypeError("The option `onFull` of memoryStore() must be 'refuse' or 'evict'.")
  }
  if (typeof now !== 'function') {
    throw new TypeError(
      'The option `now` of memoryStore() must be a function that answers epoch milliseconds.',
    )
  }
}

const meets = (value: Uint8Array, expected: Expected) =>
  'whole' in expected ? isSame(value, expected.whole) : beginsWith(value, expected.stamp)

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && beginsWith(a, b)

const beginsWith = (value: Uint8Array, lead: Uint8Array) =>
  value.length >= lead.length && lead.every((byte, i) => byte === value[i])

const full = () =>
  new StoreUnavailableError('The memory store is full; `maxSessions` and `maxBytes` bound it.')
