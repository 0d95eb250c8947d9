import { PyDate, PyDateTime, PyTime } from './date-time.ts'
import { PyTimeDelta } from './time-delta.ts'
import { PyTimeZone, type PyZone, PyZoneInfo } from './zones.ts'

/** What the types of Temporal have in common with ours; they are known by their tags, so that polyfills are as welcome. */
interface TemporalLike {
  [Symbol.toStringTag]: string
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  millisecond: number
  microsecond: number
  nanosecond: number
  epochNanoseconds: bigint
  timeZoneId: string
  offsetNanoseconds: number
  calendarId: string
  years: number
  months: number
  weeks: number
  days: number
  hours: number
  minutes: number
  seconds: number
  milliseconds: number
  microseconds: number
  nanoseconds: number
  withCalendar(calendar: string): TemporalLike
  toPlainDateTime(): TemporalLike
  toZonedDateTime(zone: string, options: { disambiguation: 'earlier' }): TemporalLike
  toZonedDateTimeISO(zone: string): TemporalLike
}

/**
 * JavaScript's dates and times as Python's: a Date or an Instant is a datetime in UTC, a PlainDateTime a naive one, a Duration a
 * timedelta. Anything else is answered as it is. Nanoseconds are cut off: Python counts microseconds.
 *
 * Throws a `RangeError` for what Python cannot hold: an invalid Date, a year beyond 1 to 9999, a duration of months or years.
 */
export function asPythonTime(value: object): object {
  if (value instanceof Date) return PyDateTime.fromDate(value)
  const tag = (value as Partial<TemporalLike>)[Symbol.toStringTag]
  return typeof tag === 'string' && tag.startsWith('Temporal.')
    ? fromTemporal(tag, value as TemporalLike)
    : value
}

function fromTemporal(tag: string, value: TemporalLike): object {
  switch (tag) {
    case 'Temporal.PlainDate': {
      const { year, month, day } = value.withCalendar('iso8601')
      return new PyDate(year, month, day)
    }
    case 'Temporal.PlainTime':
      return new PyTime(clockOf(value))
    case 'Temporal.PlainDateTime':
      return dateTimeOf(value, null)
    case 'Temporal.Instant':
      return dateTimeOf(value.toZonedDateTimeISO('UTC'), PyTimeZone.utc)
    case 'Temporal.ZonedDateTime':
      return dateTimeOf(value, zoneOf(value), isSecond(value) ? 1 : 0)
    case 'Temporal.Duration':
      return durationOf(value)
    default:
      return value
  }
}

const clockOf = ({ hour, minute, second, millisecond, microsecond }: TemporalLike) => ({
  hour,
  minute,
  second,
  microsecond: millisecond * 1000 + microsecond,
})

function dateTimeOf(value: TemporalLike, tzinfo: PyZone | null, fold: 0 | 1 = 0): PyDateTime {
  const { year, month, day } = value.withCalendar('iso8601')
  return new PyDateTime({ year, month, day, ...clockOf(value), tzinfo, fold })
}

function zoneOf({ timeZoneId, offsetNanoseconds }: TemporalLike): PyZone {
  if (!/^[+-]/.test(timeZoneId)) return new PyZoneInfo(timeZoneId)
  return new PyTimeZone(new PyTimeDelta(0, 0, Math.trunc(offsetNanoseconds / 1000)))
}

/** Whether it is the second of two moments that show the same local time. */
const isSecond = (value: TemporalLike) =>
  value.toPlainDateTime().toZonedDateTime(value.timeZoneId, { disambiguation: 'earlier' })
    .epochNanoseconds !== value.epochNanoseconds

function durationOf(value: TemporalLike): PyTimeDelta {
  if (value.years !== 0 || value.months !== 0) throw new RangeError('A timedelta has no months or years.')
  const milliseconds = value.milliseconds + Math.trunc(value.nanoseconds / 1_000_000)
  const seconds = value.hours * 3600 + value.minutes * 60 + value.seconds + Math.trunc(milliseconds / 1000)
  const micros =
    (milliseconds % 1000) * 1000 + value.microseconds + Math.trunc((value.nanoseconds % 1_000_000) / 1000)
  return new PyTimeDelta(value.weeks * 7 + value.days, seconds, micros)
}
