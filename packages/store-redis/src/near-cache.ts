import {
  type ReadOptions,
  type SessionStore,
  type StoredValue,
  type StoreUnavailableError,
  slideOf,
  type WatchableStore,
} from '@tegata/core'
import { inFrontOf } from './in-front-of.ts'
import { type Brought, NearEntries, type NearEntry } from './near-entries.ts'
import { lagOf, MOST_LAG } from './near-lag.ts'
import { Liveness } from './near-liveness.ts'
import { assertTimeout } from './within.ts'

export interface NearCacheOptions {
  /** Which keys to remember: those that begin so, as the format's do. Default `''`: all. Changes of others are not even sent. */
  prefix?: string
  /** Seconds for which another process's change may stay unseen if the connection that reports it hangs. Default 1. */
  maxStale?: number
  /** Seconds after which a value is read anew, whatever happens. Default 60. */
  maxAge?: number
  /** Default 10,000. */
  maxEntries?: number
  /** Of memory, roughly: of the sessions' bytes, and of what was made of them. Default 64 MiB. */
  maxBytes?: number
  /** The clock that deadlines are given in, epoch ms; the one of `createSessions`. Default `Date.now`. */
  now?: () => number
  /** Called when sessions cannot be remembered (the Redis user may not watch, say), and when they can again. */
  onEvent?: (event: NearCacheEvent) => void
}

export type NearCacheEvent =
  /** Redis does not tell of changes, and why: nothing is remembered, all reads go to Redis. Once, until it is over. */
  | { type: 'watch-lost'; error: StoreUnavailableError }
  /** That is over. */
  | { type: 'watch-restored' }

export interface NearCache {
  /** Forgets everything and stops watching; the store goes on to work without a memory. */
  close(): void
}

type Near = NearCache & Omit<SessionStore, 'name' | 'supports'>
type Extension = NonNullable<ReadOptions['extend']>

const DEFAULTS = {
  prefix: '',
  maxStale: 1,
  maxAge: 60,
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
  now: () => Date.now(),
  onEvent: () => {},
}

/**
 * Answers reads of hot sessions from the memory of this process, until the store tells that they changed: with no command at
 * all. Whatever writes goes to the store, which compares before it sets, so that an old memory spoils nothing.
 * Throws a `TypeError` for a store that cannot watch.
 */
export function nearCache<S extends WatchableStore>(store: S, options: NearCacheOptions = {}): S & NearCache {
  if (!store?.supports?.watch) {
    throw new TypeError(
      'The first argument of nearCache() must be a store that can watch (`supports.watch`).',
    )
  }
  const { prefix, maxStale, maxAge, maxEntries, maxBytes, now, onEvent } = resolve(options)
  const entries = new NearEntries({ maxEntries, maxBytes })
  const liveness = new Liveness(maxStale * 1000)

  const watch = store.watch(prefix, {
    begun() {
      entries.dropAll()
      liveness.begun(watch)
    },
    changed: (key) => entries.drop(key),
    broken() {
      liveness.broken()
      entries.dropAll()
    },
    lost: (error) => emit({ type: 'watch-lost', error }),
    restored: () => emit({ type: 'watch-restored' }),
  })

  function emit(event: NearCacheEvent): void {
    try {
      onEvent(event)
    } catch (error) {
      console.error('Tegata: the option `onEvent` of nearCache() threw.', error)
    }
  }

  const known = (key: string) => {
    const entry = liveness.isProven ? entries.get(key) : undefined
    return entry && performance.now() < entry.goodUntil ? entry : undefined
  }

  /** A deadline that is all but there already: formats that a read cannot slide ask for it at every request. */
  function isNearEnough(key: string, expiresAt: number): boolean {
    const entry = known(key)
    const ahead = entry ? expiresAt - entry.expiresAt : Number.NaN
    return ahead >= 0 && ahead < lagOf(expiresAt - now())
  }

  function recall(key: string, { extend, fresh }: ReadOptions = {}): NearEntry | undefined {
    const entry = fresh || !key.startsWith(prefix) ? undefined : known(key)
    return entry && !(extend && isDue(entry, extend)) ? entry : undefined
  }

  function read(key: string, readOptions: ReadOptions = {}): ReturnType<SessionStore['read']> {
    const entry = recall(key, readOptions)
    if (entry) return Promise.resolve(answer(entry))
    if (!key.startsWith(prefix) || !liveness.isWhole) return store.read(key, readOptions)
    return readOptions.fresh ? readAnew(key, readOptions) : readThrough(key, readOptions)
  }

  /** The word of a change that it found may still be on its way: nobody is answered an older value after it. */
  async function readAnew(key: string, readOptions: ReadOptions) {
    const found = await store.read(key, readOptions)
    entries.confirm(key, found && 'value' in found ? found.value : undefined)
    return found
  }

  async function readThrough(key: string, readOptions: ReadOptions) {
    const { extend } = readOptions
    const found = await load(key, extend)
    // Only where the idle time is short: the throttle of the load is made for long ones.
    return found && 'value' in found && extend && isDue(found, extend) ? readAnew(key, readOptions) : found
  }

  async function load(key: string, extend: Extension | undefined) {
    const underWay = entries.beginLoad(key)
    const sentAt = performance.now()
    let kept: Brought | undefined
    try {
      // A read that moved the deadline every time would tell of a change every time, and nothing could be kept.
      const touchAfter = Math.max(extend?.touchAfter ?? 0, MOST_LAG)
      const found = await store.read(
        key,
        extend ? { extend: { ...extend, touchAfter } } : { withDeadline: true },
      )
      if (found && 'value' in found && found.expiresAt !== undefined) {
        const { value, expiresAt } = found
        const goodUntil = Math.min(sentAt + maxAge * 1000, performance.now() + expiresAt - now())
        kept = { value: value.slice(), expiresAt, goodUntil }
      }
      return found
    } finally {
      entries.endLoad(key, underWay, kept)
    }
  }

  /** A write of this process: what was read before it is not remembered after it. */
  async function writing<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    const drop = () => keys.forEach((key) => void entries.drop(key))
    drop()
    try {
      return await write()
    } finally {
      drop()
    }
  }

  const near: Near = {
    read,
    recall,
    create: (key, ...rest) => writing([key], () => store.create(key, ...rest)),
    replace: (key, ...rest) => writing([key], () => store.replace(key, ...rest)),
    rotate: (oldKey, newKey, ...rest) =>
      writing([oldKey, newKey], () => store.rotate(oldKey, newKey, ...rest)),
    touch: async (key, expiresAt, ...rest) =>
      isNearEnough(key, expiresAt) || writing([key], () => store.touch(key, expiresAt, ...rest)),
    destroy: (key, ...rest) => writing([key], () => store.destroy(key, ...rest)),
    close() {
      watch.close()
      liveness.close()
      entries.dropAll()
    },
  }
  return inFrontOf(store, near) as S & NearCache
}

/** Whether a rolling read has to move the deadline. */
function isDue({ value, expiresAt = Number.POSITIVE_INFINITY }: StoredValue, extend: Extension): boolean {
  const slide = slideOf(value, extend.fields)
  if (!slide) return false
  const target = Math.min(extend.now + slide.idle, slide.until)
  return (
    target <= extend.now || Math.abs(target - expiresAt) >= Math.max(lagOf(slide.idle), extend.touchAfter)
  )
}

const answer = ({ value, expiresAt }: StoredValue): StoredValue => ({
  // Answered bytes are the caller's.
  value: value.slice(),
  ...(expiresAt !== undefined && { expiresAt }),
})

function resolve(options: NearCacheOptions): Required<NearCacheOptions> {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name))
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of nearCache().`)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved: Required<NearCacheOptions> = { ...DEFAULTS, ...given }
  if (typeof resolved.now !== 'function') {
    throw new TypeError('The option `now` must be a function that answers epoch milliseconds.')
  }
  if (typeof resolved.onEvent !== 'function') {
    throw new TypeError('The option `onEvent` must be a function.')
  }
  if (typeof resolved.prefix !== 'string') throw new TypeError('The option `prefix` must be a string.')
  assertTimeout('maxStale', resolved.maxStale)
  if (!Number.isFinite(resolved.maxAge) || resolved.maxAge <= 0) {
    throw new TypeError('The option `maxAge` must be a positive number of seconds.')
  }
  for (const name of ['maxEntries', 'maxBytes'] as const) {
    if (!Number.isSafeInteger(resolved[name]) || resolved[name] < 1) {
      throw new TypeError(`The option \`${name}\` must be a whole number, 1 or more.`)
    }
  }
  return resolved
}
