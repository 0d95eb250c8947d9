import { assertInteger } from './assert-integer.ts'
import { isoDate, isoOffset, isoTime } from './iso.ts'
import { PyTimeDelta } from './time-delta.ts'
import { offsetOf } from './zone-offset.ts'
import { isZone, PyTimeZone, type PyZone } from './zones.ts'

/** `datetime.date`. */
export class PyDate {
  /** 1 to 9999. */
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number

  /** Throws a `RangeError` for a day that no calendar has. */
  constructor(year: number, month: number, day: number) {
    assertDate(year, month, day)
    this.year = year
    this.month = month
    this.day = day
  }

  /** `'2026-01-02'`. */
  toString(): string {
    return isoDate(this)
  }

  toJSON(): string {
    return this.toString()
  }
}

/** The hands of a clock, in Python's words; what is left out is 0. */
export interface ClockFields {
  hour?: number
  minute?: number
  second?: number
  microsecond?: number
  /** 1 for the second of the two moments that a clock shows twice when daylight saving time ends. */
  fold?: 0 | 1
  /** `null`, the default, for a naive one: some local time, it does not say whose. */
  tzinfo?: PyZone | null
}

/** `datetime.time`. */
export class PyTime {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  readonly fold: 0 | 1
  readonly tzinfo: PyZone | null

  constructor(fields: ClockFields = {}) {
    const clock = resolveClock(fields)
    this.hour = clock.hour
    this.minute = clock.minute
    this.second = clock.second
    this.microsecond = clock.microsecond
    this.fold = clock.fold
    this.tzinfo = clock.tzinfo
  }

  /** Python's isoformat: `'03:04:05.678901'`, with the offset where the zone has a fixed one. */
  toString(): string {
    return isoTime(this) + (this.tzinfo instanceof PyTimeZone ? isoOffset(this.tzinfo.offset) : '')
  }

  toJSON(): string {
    return this.toString()
  }
}

/** `datetime.datetime`, to the microsecond and with its zone. A JavaScript `Date` is written as one in UTC. */
export class PyDateTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  readonly fold: 0 | 1
  readonly tzinfo: PyZone | null

  /** Throws a `RangeError` for a field out of its range. */
  constructor(fields: { year: number; month: number; day: number } & ClockFields) {
    assertDate(fields.year, fields.month, fields.day)
    const clock = resolveClock(fields)
    this.year = fields.year
    this.month = fields.month
    this.day = fields.day
    this.hour = clock.hour
    this.minute = clock.minute
    this.second = clock.second
    this.microsecond = clock.microsecond
    this.fold = clock.fold
    this.tzinfo = clock.tzinfo
  }

  /** The same instant in UTC (`datetime.timezone.utc`). Throws a `RangeError` outside the years 1 to 9999. */
  static fromDate(date: Date): PyDateTime {
    return new PyDateTime({
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      microsecond: date.getUTCMilliseconds() * 1000,
      tzinfo: PyTimeZone.utc,
    })
  }

  /**
   * The instant, its microseconds cut off to milliseconds. A naive datetime names none without `naiveTimeZone`, the
   * IANA name of the zone it was meant in: a `TypeError`. A zone that the runtime does not know is a `RangeError`.
   */
  toDate(naiveTimeZone?: string): Date {
    const local = this.#localMs()
    return new Date(local - Math.floor(offsetOf(this.tzinfo ?? naiveTimeZone, local, this.fold) * 1000))
  }

  /**
   * Python's isoformat: `'2026-01-02T03:04:05.678901+09:00'`; no offset for a naive one. A zone that the runtime does not
   * know is a `RangeError`.
   */
  toString(): string {
    const offset =
      this.tzinfo instanceof PyTimeZone
        ? this.tzinfo.offset
        : this.tzinfo && new PyTimeDelta(0, offsetOf(this.tzinfo, this.#localMs(), this.fold))
    return `${isoDate(this)}T${isoTime(this)}${offset ? isoOffset(offset) : ''}`
  }

  toJSON(): string {
    return this.toString()
  }

  /** What the calendar and the clock show, as if it were UTC: epoch milliseconds. */
  #localMs(): number {
    const date = new Date(0)
    date.setUTCFullYear(this.year, this.month - 1, this.day)
    date.setUTCHours(this.hour, this.minute, this.second, Math.floor(this.microsecond / 1000))
    return date.getTime()
  }
}

function assertDate(year: number, month: number, day: number): void {
  assertInteger('year', year, 1, 9999)
  assertInteger('month', month, 1, 12)
  assertInteger('day', day, 1, daysIn(year, month))
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function resolveClock(fields: ClockFields): Required<ClockFields> {
  const { hour = 0, minute = 0, second = 0, microsecond = 0, fold = 0, tzinfo = null } = fields
  assertInteger('hour', hour, 0, 23)
  assertInteger('minute', minute, 0, 59)
  assertInteger('second', second, 0, 59)
  assertInteger('microsecond', microsecond, 0, 999_999)
  assertInteger('fold', fold, 0, 1)
  if (tzinfo !== null && !isZone(tzinfo)) throw new TypeError('`tzinfo` takes a zone or null.')
  return { hour, minute, second, microsecond, fold, tzinfo }
}
