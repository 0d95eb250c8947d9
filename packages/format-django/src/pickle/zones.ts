import { assertInteger } from './assert-integer.ts'
import { PyTimeDelta } from './time-delta.ts'

/** `datetime.timezone`: a fixed distance from UTC, with a name if Python gave it one. */
export class PyTimeZone {
  static readonly utc = new PyTimeZone(new PyTimeDelta(0))

  /** East of UTC is positive; less than a day. */
  readonly offset: PyTimeDelta
  readonly name: string | null

  constructor(offset: PyTimeDelta, name: string | null = null) {
    if (Math.abs(offset.totalSeconds) >= 86_400) throw new RangeError('A UTC offset is less than a day.')
    this.offset = offset
    this.name = name
  }
}

/** `zoneinfo.ZoneInfo`: a zone by its IANA name, such as `'Asia/Tokyo'`. */
export class PyZoneInfo {
  readonly key: string

  constructor(key: string) {
    if (typeof key !== 'string' || key === '') throw new TypeError('PyZoneInfo takes the name of a zone.')
    this.key = key
  }
}

/**
 * A zone of pytz, which Django up to 3.2 uses. With `classes: 'django'` only.
 *
 * pytz keeps in each datetime which of a zone's offsets holds: all three below are `null` for zones with one offset for
 * all times, UTC among them.
 */
export class PyPytzZone {
  /** `'UTC'`, or an IANA name. */
  readonly zone: string
  /** Seconds east of UTC. */
  readonly utcOffset: number | null
  /** The part of it that is daylight saving time, seconds. */
  readonly dst: number | null
  /** Such as `'JST'`. */
  readonly abbreviation: string | null

  constructor(zone: string, local?: { utcOffset: number; dst: number; abbreviation: string }) {
    if (typeof zone !== 'string' || zone === '') throw new TypeError('PyPytzZone takes the name of a zone.')
    if (local) {
      assertInteger('utcOffset', local.utcOffset, -86_399, 86_399)
      assertInteger('dst', local.dst, -86_399, 86_399)
    }
    this.zone = zone
    this.utcOffset = local ? local.utcOffset : null
    this.dst = local ? local.dst : null
    this.abbreviation = local ? local.abbreviation : null
  }
}

/** What a datetime or a time may name as its zone. */
export type PyZone = PyTimeZone | PyZoneInfo | PyPytzZone

export const isZone = (value: unknown): value is PyZone =>
  value instanceof PyTimeZone || value instanceof PyZoneInfo || value instanceof PyPytzZone
