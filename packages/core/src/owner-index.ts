import { absoluteDeadline } from './deadlines.ts'
import type { SessionFormat, SessionHeader } from './format.ts'
import { handleOf, hashId } from './handle.ts'
import type { ResolvedSessionOptions } from './options.ts'
import type { IndexEntry, IndexedStore, SessionStore } from './store.ts'

/** What an owner's name becomes in a key: SHA-256 cut to 216 bits, as ids do. */
const HASH_LENGTH = 36
const MARKER = 'owner:'

/**
 * How long, in milliseconds, the entry of a session without an absolute deadline holds at least. Counted in whole leases from the
 * epoch, so that it is renewed once in one of them, however often the session is written.
 */
const LEASE_MS = 30 * 86_400_000

/** The key that lists the sessions of an owner: among those of the format, so that what may reach these may reach it. */
export const indexKeyOf = ({ prefix }: SessionFormat, owner: string): string =>
  prefix + MARKER + hashId(owner).slice(0, HASH_LENGTH)

/** Whether a key that begins with `prefix` lists the sessions of an owner, and is none itself: for those who go through all keys. */
export const isIndexKey = (key: string, prefix: string): boolean =>
  key.startsWith(prefix + MARKER) && /^[\w-]{36}$/.test(key.slice(prefix.length + MARKER.length))

type Place = Pick<ResolvedSessionOptions, 'store' | 'format' | 'absoluteTimeout'>

/** What a write says of the session it stores; nothing for one without an owner, or where the store keeps no index. */
export function indexEntry(place: Place, header: SessionHeader, id: string): IndexEntry | undefined {
  const { store, format } = place
  if (header.owner === undefined || !store.supports.owners) return undefined
  return {
    key: indexKeyOf(format, header.owner),
    note: handleOf(id),
    expiresAt: indexedUntil(place, header),
  }
}

/**
 * The same for a write over a session that is in the index already: nothing while its entry holds long enough. Sessions that other
 * libraries write as well may have been logged in, or been given another id, by those.
 */
export function renewedEntry(
  place: Place,
  header: SessionHeader,
  stored: SessionHeader,
  id: string,
): IndexEntry | undefined {
  const isOurs = place.format.slideFields !== undefined && stored.authenticatedAt !== undefined
  if (isOurs && indexedUntil(place, header) <= indexedUntil(place, stored)) return undefined
  return indexEntry(place, header, id)
}

/** Whether a session that is only read has to be written for the sake of its entry. */
export const isEntryDue = (place: Place, header: SessionHeader, now: number): boolean =>
  header.owner !== undefined &&
  place.store.supports.owners &&
  place.format.slideFields !== undefined &&
  indexedUntil(place, { ...header, writtenAt: now }) > indexedUntil(place, header)

/** Epoch ms. No read moves a session's deadline past it, unless it is due for a write. */
function indexedUntil(place: Place, header: SessionHeader): number {
  const { until, idle, writtenAt } = header
  // Another library may move a date, and nobody here learns of it.
  const last = place.format.slideFields ? until : absoluteDeadline(header, place)
  if (Number.isFinite(last)) return last
  const lease = (Math.floor(writtenAt / LEASE_MS) + 2) * LEASE_MS
  return Number.isFinite(until) ? Math.max(until, lease) : lease + idle * 1000
}

/** Throws a `TypeError` where owners have no index, or what is in it could not be ended. */
export function assertOwners({ store, format }: Pick<Place, 'store' | 'format'>, what: string): void {
  if (!store.supports?.owners) {
    throw new TypeError(
      `${what} needs a store that lists sessions by owner (\`supports.owners\`); '${store.name}' does not.`,
    )
  }
  if (format.isReadOnly) {
    throw new TypeError(`${what} needs a format that can be written; '${format.name}' can only be read here.`)
  }
}

export const indexed = (store: SessionStore): IndexedStore => store as IndexedStore
