import { PyByteArray, PyOrderedDict } from './collections.ts'
import { type ClockFields, PyDate, PyDateTime, PyTime } from './date-time.ts'
import type { Hasher } from './hasher.ts'
import { PyDecimal, PyUUID } from './scalars.ts'
import { PyTimeDelta } from './time-delta.ts'
import { isZone, PyPytzZone, PyTimeZone } from './zones.ts'

/**
 * What a class of the allow-list makes of the arguments that Python's pickler writes for it. Arguments that it never writes
 * throw a `TypeError` or a `RangeError`.
 */
type Args = readonly unknown[]

const fail = (what: string): never => {
  throw new TypeError(`${what} was given arguments that Python does not write.`)
}

export const asText = (value: unknown): string => (typeof value === 'string' ? value : fail('A class'))

const asBytes = (value: unknown, length: number, what: string): Uint8Array =>
  value instanceof Uint8Array && value.length === length ? value : fail(what)

const at = (bytes: Uint8Array, i: number) => bytes[i] as number

/** Two bytes of year, then month and day: the first half of a datetime. */
const calendar = (bytes: Uint8Array) => ({
  year: at(bytes, 0) * 256 + at(bytes, 1),
  month: at(bytes, 2) & 0x7f,
  day: at(bytes, 3),
})

/** Hour, minute, second, three bytes of microseconds; the high bit of the first byte of the value is `fold`. */
const clock = (bytes: Uint8Array, from: number, foldAt: number, zone: unknown): Required<ClockFields> => ({
  hour: foldAt === from ? at(bytes, from) & 0x7f : at(bytes, from),
  minute: at(bytes, from + 1),
  second: at(bytes, from + 2),
  microsecond: at(bytes, from + 3) * 65_536 + at(bytes, from + 4) * 256 + at(bytes, from + 5),
  fold: at(bytes, foldAt) & 0x80 ? 1 : 0,
  tzinfo: zone === undefined || zone === null ? null : isZone(zone) ? zone : fail('A zone'),
})

export function dateTime([state, zone]: Args): PyDateTime {
  const bytes = asBytes(state, 10, 'datetime')
  return new PyDateTime({ ...calendar(bytes), ...clock(bytes, 4, 2, zone) })
}

export function date([state]: Args): PyDate {
  const bytes = asBytes(state, 4, 'date')
  return new PyDate(at(bytes, 0) * 256 + at(bytes, 1), at(bytes, 2), at(bytes, 3))
}

export function time([state, zone]: Args): PyTime {
  return new PyTime(clock(asBytes(state, 6, 'time'), 0, 0, zone))
}

export function timeDelta([days, seconds, microseconds]: Args): PyTimeDelta {
  return new PyTimeDelta(days as number, seconds as number, microseconds as number)
}

export function timeZone([offset, name]: Args): PyTimeZone {
  if (!(offset instanceof PyTimeDelta)) return fail('timezone')
  return new PyTimeZone(offset, name === undefined ? null : asText(name))
}

export const decimal = ([text]: Args) => new PyDecimal(asText(text))

/** Its number comes with `BUILD`. */
export const unsetUUID = () => new PyUUID('00000000-0000-0000-0000-000000000000')

/** Gives a UUID the number of its state in place, since the memo already knows it. `false` for the state of something else. */
export function restoreUUID(uuid: PyUUID, state: unknown): boolean {
  if (typeof state !== 'object' || state === null || Object.getPrototypeOf(state) !== Object.prototype)
    return false
  const { int, is_safe: isSafe = null, ...rest } = state as Record<string, unknown>
  if ((typeof int !== 'number' && typeof int !== 'bigint') || int < 0 || BigInt(int) >= 1n << 128n)
    return false
  if (!Object.hasOwn(state, 'int') || Object.keys(rest).length > 0) return false
  if (isSafe !== null && isSafe !== 0 && isSafe !== -1) return false
  const text = BigInt(int).toString(16).padStart(32, '0')
  Object.assign(uuid, new PyUUID(text, isSafe === null ? null : isSafe === 0))
  return true
}

/** Without arguments in Python 3, whose pickler adds the items afterwards; Python 2 gave a list of pairs. */
export function orderedDict([pairs = [], ...rest]: Args, hasher: Hasher): PyOrderedDict {
  const dict = new PyOrderedDict()
  if (!Array.isArray(pairs) || rest.length > 0) return fail('OrderedDict')
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) return fail('OrderedDict')
    hasher.put(dict, pair[0], pair[1])
  }
  return dict
}

export function members<S extends Set<unknown>>(set: S, [items = [], ...rest]: Args, hasher: Hasher): S {
  if (!Array.isArray(items) || rest.length > 0) return fail('set')
  for (const item of items) hasher.add(set, item)
  return set
}

export const noBytes = (args: Args) => (args.length === 0 ? new Uint8Array() : fail('bytes'))

export function byteArray([source, encoding]: Args): PyByteArray {
  if (source === undefined) return new PyByteArray()
  return typeof source === 'string' && isLatin1(encoding)
    ? PyByteArray.from(latin1(source))
    : PyByteArray.from(source instanceof Uint8Array ? source : fail('bytearray'))
}

/** `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 write bytes. */
export const encoded = ([text, encoding]: Args) =>
  typeof text === 'string' && isLatin1(encoding) ? latin1(text) : fail('encode')

const isLatin1 = (encoding: unknown) => encoding === 'latin1' || encoding === 'latin-1'

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0xff) return fail('encode')
    bytes[i] = unit
  }
  return bytes
}

export const pytzUTC = (args: Args) => (args.length === 0 ? new PyPytzZone('UTC') : fail('pytz'))

/** `(zone)`, or `(zone, offset, dst, abbreviation)` for a datetime of a zone whose offset changes. */
export function pytzZone([zone, utcOffset, dst, abbreviation]: Args): PyPytzZone {
  return utcOffset === undefined
    ? new PyPytzZone(asText(zone))
    : new PyPytzZone(asText(zone), {
        utcOffset: utcOffset as number,
        dst: dst as number,
        abbreviation: asText(abbreviation),
      })
}
