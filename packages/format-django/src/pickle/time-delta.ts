import { assertInteger } from './assert-integer.ts'

/** `datetime.timedelta`, normalised as Python does: only `days` is ever negative. */
export class PyTimeDelta {
  readonly days: number
  /** 0 to 86,399. */
  readonly seconds: number
  /** 0 to 999,999. */
  readonly microseconds: number

  /** Takes integers of any size and sign; throws a `RangeError` beyond Python's range of 999,999,999 days. */
  constructor(days: number, seconds = 0, microseconds = 0) {
    for (const part of [days, seconds, microseconds]) {
      assertInteger('timedelta', part, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    }
    const wholeSeconds = seconds + Math.floor(microseconds / 1_000_000)
    this.days = days + Math.floor(wholeSeconds / 86_400)
    this.seconds = modulo(wholeSeconds, 86_400)
    this.microseconds = modulo(microseconds, 1_000_000)
    assertInteger('timedelta', this.days, -999_999_999, 999_999_999)
  }

  /** The length in seconds, with a fraction; exact up to 285 years, as far as a number goes beyond. */
  get totalSeconds(): number {
    return this.days * 86_400 + this.seconds + this.microseconds / 1_000_000
  }
}

const modulo = (value: number, by: number) => ((value % by) + by) % by
