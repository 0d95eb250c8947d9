import { PyPytzZone, PyTimeZone, type PyZone } from './zones.ts'

/**
 * Seconds east of UTC at a local time (epoch milliseconds of its calendar and clock read as UTC). Of the two offsets of a
 * local time that occurs twice, or never, `fold` picks the one that Python picks. Offsets by name come from the runtime's Intl.
 */
export function offsetOf(zone: PyZone | string | undefined, local: number, fold: 0 | 1): number {
  if (zone === undefined)
    throw new TypeError('A naive datetime names no instant: say which time zone it is in.')
  if (zone instanceof PyTimeZone) return zone.offset.totalSeconds
  if (zone instanceof PyPytzZone && zone.utcOffset !== null) return zone.utcOffset
  const name = typeof zone === 'string' ? zone : zone instanceof PyPytzZone ? zone.zone : zone.key
  // A change of offset lies between the day before and the day after, at most one: the rule of PEP 495.
  const before = offsetAt(name, local - 86_400_000)
  const after = offsetAt(name, local + 86_400_000)
  if (before === after) return before
  const isBefore = offsetAt(name, local - before * 1000) === before
  const isAfter = offsetAt(name, local - after * 1000) === after
  if (isBefore !== isAfter) return isBefore ? before : after
  return fold === 0 ? before : after
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Seconds east of UTC at an instant, epoch milliseconds. */
function offsetAt(name: string, instant: number): number {
  const parts = formatOf(name).formatToParts(instant)
  const field = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value)
  const shown = new Date(0)
  const year = parts.some(({ type, value }) => type === 'era' && value.startsWith('B'))
    ? 1 - field('year')
    : field('year')
  shown.setUTCFullYear(year, field('month') - 1, field('day'))
  shown.setUTCHours(field('hour'), field('minute'), field('second'))
  return shown.getTime() / 1000 - Math.floor(instant / 1000)
}

/** Building a format takes far longer than using it. Zones are few, and only names that Intl knows are kept. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}
