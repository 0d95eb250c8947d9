import { type Expiry, SessionDataError, type SessionHeader } from '@tegata/core'
import { readExpiry, writeExpiry } from './session-expiry.ts'
import { idleOf, type ResolvedDjangoSettings } from './settings.ts'

/** What the value said when it was read or written last. */
interface AtRest {
  expiry: Expiry
  /** `_session_expiry` itself. */
  raw: unknown
  /** Whether it says from when an absolute deadline counts. */
  isAbsolute: boolean
}

/** Among what core carries along, so that a merge takes what goes with the expiry that it takes. */
const AT_REST = Symbol('the expiry at rest')

type Extras = { [AT_REST]?: AtRest }

export function keepAtRest(header: SessionHeader, atRest: AtRest): void {
  const extras: Extras = { [AT_REST]: atRest }
  header.extras = extras
}

const atRestOf = ({ extras }: SessionHeader): AtRest =>
  (extras as Extras | undefined)?.[AT_REST] ?? { expiry: undefined, raw: undefined, isAbsolute: false }

/** Whether an absolute deadline counts for a session. A date that comes first hides whether there is one: then what was said before stays. */
export function isAbsolute(header: SessionHeader): boolean {
  const { expiry, until } = header
  const isDate = expiry instanceof Date && expiry.getTime() === until
  return Number.isFinite(until) && (!isDate || atRestOf(header).isAbsolute)
}

/**
 * The `_session_expiry` to write, of the two who may have changed it: `session.setExpiry`, which the header shows, and a
 * handler that assigns to the data as Django code does, which the header is dated by then. What means the same is kept as it
 * stands, down to its type. Throws a `SessionDataError` for an expiry that Django has not.
 */
export function settleExpiry(header: SessionHeader, raw: unknown, settings: ResolvedDjangoSettings): unknown {
  try {
    return settle(header, raw, settings)
  } catch (cause) {
    throw new SessionDataError('The session was given an expiry that Django has not.', { cause })
  }
}

function settle(header: SessionHeader, raw: unknown, settings: ResolvedDjangoSettings): unknown {
  const atRest = atRestOf(header)
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
