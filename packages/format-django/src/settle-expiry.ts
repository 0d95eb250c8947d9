import type { Expiry, SessionHeader } from '@tegata/core'
import { readExpiry, writeExpiry } from './session-expiry.ts'
import { idleOf, type ResolvedDjangoSettings } from './settings.ts'

/** The expiry as the value said when it was read or written last. */
interface AtRest {
  expiry: Expiry
  /** `_session_expiry` itself. */
  raw: unknown
}

/** A symbol is copied along by spreads, and no other format knows it. */
const AT_REST = Symbol('the expiry at rest')

type DatedHeader = SessionHeader & { [AT_REST]?: AtRest }

export function keepAtRest(header: SessionHeader, atRest: AtRest): void {
  const dated: DatedHeader = header
  dated[AT_REST] = atRest
}

/**
 * The `_session_expiry` to write, of the two who may have changed it: `session.setExpiry`, which the header shows, and a
 * handler that assigns to the data as Django code does, which the header is dated by then. What means the same is kept as it
 * stands, down to its type.
 */
export function settleExpiry(header: SessionHeader, raw: unknown, settings: ResolvedDjangoSettings): unknown {
  const atRest = (header as DatedHeader)[AT_REST] ?? { expiry: undefined, raw: undefined }
  if (!sameExpiry(header.expiry, atRest.expiry)) {
    const isTheirs = sameExpiry(header.expiry, readExpiry(raw, settings.naiveTimezone))
    return isTheirs ? raw : writeExpiry(header.expiry, settings.naiveTimezone)
  }
  if (!sameRaw(raw, atRest.raw)) date(header, readExpiry(raw, settings.naiveTimezone), settings)
  return raw
}

function date(header: SessionHeader, expiry: Expiry, settings: ResolvedDjangoSettings): void {
  const { expiry: before, until } = header
  const absolute = before instanceof Date && before.getTime() === until ? Number.POSITIVE_INFINITY : until
  delete header.expiry
  if (expiry !== undefined) header.expiry = expiry
  header.idle = expiry instanceof Date ? Number.POSITIVE_INFINITY : idleOf(expiry, settings)
  header.until = expiry instanceof Date ? Math.min(absolute, expiry.getTime()) : absolute
}

const sameExpiry = (a: Expiry, b: Expiry): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b

/** Both are read anew at each time, so that objects are told by what they say. */
const sameRaw = (a: unknown, b: unknown): boolean =>
  Object.is(a, b) || (typeof a === 'object' && typeof b === 'object' && String(a) === String(b))
