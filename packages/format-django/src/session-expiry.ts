import { type Expiry, SessionValueError } from '@tegata/core'
import { PyDateTime, PyFloat, PyTimeDelta, PyTimeZone } from './pickle.ts'

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?(?:(Z)|([+-])(\d\d):?(\d\d)(?::?(\d\d))?)?$/

/**
 * What `_session_expiry` means, in the words of `session.setExpiry`: a number of seconds, a date, 0 for the browser's session, or
 * nothing for `SESSION_COOKIE_AGE`. Django writes dates as text (4.1 and newer) or as datetime objects (before).
 * A date that does not say where is meant in `naiveTimezone`. Throws a `SessionValueError` for anything else.
 */
export function readExpiry(raw: unknown, naiveTimezone: string | undefined): Expiry {
  if (raw === undefined || raw === null || raw === '') return undefined
  if (raw instanceof PyDateTime) return dateOf(raw, naiveTimezone)
  if (typeof raw === 'string') return dateOf(parseIso(raw), naiveTimezone)
  const seconds = raw instanceof PyFloat || typeof raw !== 'object' ? Number(raw) : Number.NaN
  if (!Number.isFinite(seconds)) throw new SessionValueError('The expiry of the stored session is none.')
  return seconds === 0 ? 'browser' : seconds
}

/**
 * `_session_expiry` as every version of Django reads it: an int where there is one, and for a date the datetime that 3.2 writes
 * and newer ones read as well. `undefined` for none.
 */
export function writeExpiry(expiry: Expiry, naiveTimezone: string | undefined): unknown {
  if (expiry === undefined) return undefined
  if (expiry === 'browser') return 0
  if (typeof expiry === 'number') return Math.ceil(expiry)
  return naiveTimezone === undefined ? PyDateTime.fromDate(expiry) : naive(expiry, naiveTimezone)
}

/** Microseconds and all; throws a `SessionValueError`. */
function parseIso(text: string): PyDateTime {
  const found = ISO.exec(text)
  if (!found) throw new SessionValueError('The expiry of the stored session is no date.')
  const [, year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes, seconds] = found
  const number = (digits: string | undefined) => Number(digits ?? 0)
  const offset = (number(hours) * 3600 + number(minutes) * 60 + number(seconds)) * (sign === '-' ? -1 : 1)
  try {
    return new PyDateTime({
      year: number(year),
      month: number(month),
      day: number(day),
      hour: number(hour),
      minute: number(minute),
      second: number(second),
      microsecond: Number((fraction ?? '').padEnd(6, '0')),
      tzinfo: utc || sign ? new PyTimeZone(new PyTimeDelta(0, offset)) : null,
    })
  } catch (cause) {
    throw new SessionValueError('The expiry of the stored session is no date.', { cause })
  }
}

function dateOf(moment: PyDateTime, naiveTimezone = 'UTC'): Date {
  try {
    return moment.toDate(naiveTimezone)
  } catch (cause) {
    throw new SessionValueError('The expiry of the stored session names an unknown time zone.', { cause })
  }
}

/** What calendar and clock show there and then. */
function naive(date: Date, timeZone: string): PyDateTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
  const microsecond = date.getUTCMilliseconds() * 1000
  const moment = new PyDateTime({ year, month, day, hour, minute, second, microsecond })
  return moment.toDate(timeZone).getTime() === date.getTime()
    ? moment
    : new PyDateTime({ ...moment, fold: 1 })
}
