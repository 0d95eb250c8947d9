import type { PyDate, PyDateTime, PyTime } from './date-time.ts'
import type { PyPytzZone } from './zones.ts'

/** The arguments that Python's pickler writes for its classes: what `builders.ts` reads. */

const calendar = ({ year, month, day }: PyDate | PyDateTime) => [year >> 8, year & 0xff, month, day]

const clock = ({ hour, minute, second, microsecond }: PyTime | PyDateTime) => [
  hour,
  minute,
  second,
  microsecond >> 16,
  (microsecond >> 8) & 0xff,
  microsecond & 0xff,
]

const withZone = (bytes: readonly number[], { tzinfo }: PyTime | PyDateTime) =>
  tzinfo === null ? [Uint8Array.from(bytes)] : [Uint8Array.from(bytes), tzinfo]

export const dateArgs = (value: PyDate): unknown[] => [Uint8Array.from(calendar(value))]

/** `fold` is the high bit of the month, and of the hour of a time. */
export function dateTimeArgs(value: PyDateTime): unknown[] {
  const bytes = [...calendar(value), ...clock(value)]
  bytes[2] = value.month | (value.fold << 7)
  return withZone(bytes, value)
}

export function timeArgs(value: PyTime): unknown[] {
  const bytes = clock(value)
  bytes[0] = value.hour | (value.fold << 7)
  return withZone(bytes, value)
}

export function pytzArgs({
  zone,
  utcOffset,
  dst,
  abbreviation,
}: PyPytzZone): [name: string, args: unknown[]] {
  if (zone === 'UTC') return ['_UTC', []]
  return ['_p', utcOffset === null ? [zone] : [zone, utcOffset, dst, abbreviation]]
}
