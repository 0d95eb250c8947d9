import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { same } from '../../../core/src/same.ts'
import {
  dumps,
  loads,
  PickleError,
  PyByteArray,
  PyDate,
  PyDateTime,
  PyDecimal,
  PyFloat,
  PyFrozenSet,
  PyOrderedDict,
  PyPytzZone,
  PyString,
  PyTime,
  PyTimeDelta,
  PyTimeZone,
  PyTuple,
  PyUUID,
  PyZoneInfo,
} from '../pickle.ts'
import { assemble, global, str } from '../testing/assemble.ts'

const moment = { year: 2026, month: 11, day: 1, hour: 1, minute: 30 }
const newYork = new PyZoneInfo('America/New_York')

describe('numbers', () => {
  test('an integral float stays a float, and calculates as a number', () => {
    const one = loads(dumps(new PyFloat(1))) as unknown as number
    expect(one).toBeInstanceOf(PyFloat)
    expect([one + 1, one * 3, one > 0.5, `${one}`, JSON.stringify({ one })]).toEqual([
      2,
      3,
      true,
      '1',
      '{"one":1}',
    ])
  })

  test.each([0.5, -0, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e308, 5e-324])(
    '%s is a float by itself',
    (n) => {
      expect(dumps(n)[11]).toBe(0x47)
      expect(loads(dumps(n))).toBe(n)
    },
  )

  test.each([0, 255, 256, 65_535, 65_536, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 1 - 2 ** 53])(
    '%s is an int',
    (n) => {
      expect(dumps(n)).not.toContain(0x47)
      expect(loads(dumps(n))).toBe(n)
    },
  )

  test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n, -(2n ** 63n), 2n ** 2047n, -(2n ** 2047n), 2n ** 5000n])(
    '%s is a bigint',
    (n) => {
      expect(loads(dumps(n))).toBe(n)
    },
  )

  test('a bigint that a number could hold comes back as a number: Python has one int', () => {
    expect(loads(dumps(5n))).toBe(5)
  })
})

describe('keys', () => {
  test('1, 1.0 and True are one key, with the first as the key and the last value', () => {
    const one = assemble(
      '}(K\x01',
      str('int'),
      0x88,
      str('bool'),
      'G\x3f\xf0',
      '\0'.repeat(6),
      str('float'),
      'u.',
    )
    expect(loads(one)).toEqual(new Map([[1, 'float']]))
  })

  test('so are Decimal(1), the tuples of them, and 2**60 as int and float', () => {
    const decimal = assemble(global('decimal', 'Decimal'), str('1.00'), 0x85, 'R')
    const big = assemble(0x8a, 8, '\0'.repeat(7), 0x10)
    const bytes = assemble(
      0x8f,
      '(K\x01',
      decimal,
      'K\x01',
      0x85,
      decimal,
      0x85,
      0x88,
      0x85,
      big,
      'G\x43\xb0',
      '\0'.repeat(6),
      0x90,
      '.',
    )
    expect([...(loads(bytes) as Set<unknown>)]).toEqual([1, new PyTuple(1), 2n ** 60n])
  })

  test('-0.0 and a second NaN, which JavaScript would take for others, keep their type', () => {
    const nan = assemble('G\x7f\xf8', '\0'.repeat(6))
    const set = loads(assemble(0x8f, '(G\x80', '\0'.repeat(7), nan, nan, 0x90, '.')) as Set<unknown>
    expect([...set]).toEqual([new PyFloat(-0), Number.NaN, new PyFloat(Number.NaN)])
    expect(same(loads(dumps(set)), set)).toBe(true)
  })

  test('keys that JavaScript moves to the front are written in the order of Python, new ones at the end', () => {
    const dict = loads(
      dumps(
        new Map<unknown, unknown>([
          ['b', 1],
          ['10', 2],
          ['2', 3],
          [0, 4],
        ]),
      ),
    ) as Map<unknown, unknown>
    expect([...dict.keys()]).toEqual(['b', '10', '2', 0])
    const object = loads(
      assemble('}(', ...['b', '10', 'a', '2'].flatMap((key) => [str(key), 'N']), 'u.'),
    ) as Record<string, unknown>
    delete object.a
    object['1'] = 'new'
    expect(Object.keys(object)).toEqual(['1', '2', '10', 'b'])
    const text = Buffer.from(dumps(object)).toString('latin1')
    const places = ['\x01b', '\x0210', '\x012', '\x011'].map((key) => text.indexOf(`\x8c${key}`))
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })
})

describe('texts', () => {
  test('two surrogates that Python keeps apart stay apart', () => {
    const parts = new PyString(['x\ud83c', '\udf89y'])
    expect(`${parts}`).toBe('x🎉y')
    expect(loads(dumps(parts))).toEqual(parts)
    expect(dumps(parts)).not.toEqual(dumps('x🎉y'))
  })

  test.each([
    '',
    '\ud800',
    '\udc00\ud800',
    'é',
    '\u{1f389}',
    '\ufeff',
    '\ufffd',
    'x'.repeat(70_000),
    'é'.repeat(300),
    `${'x'.repeat(100)}\udfff`,
  ])('%j comes back', (text) => {
    expect(loads(dumps(text))).toBe(text)
  })
})

describe('collections', () => {
  test('a tuple is an array of its own kind, and what is made of it a plain one', () => {
    const tuple = loads(dumps(new PyTuple(3))) as PyTuple<number>
    expect([...tuple]).toEqual([3])
    expect(Array.isArray(tuple)).toBe(true)
    expect(tuple.map((n) => n + 1)).not.toBeInstanceOf(PyTuple)
    expect(same(tuple, [3])).toBe(false)
  })

  test.each([
    ['PyFrozenSet', new PyFrozenSet([1, 'a', new PyTuple<unknown>(1, new PyTuple())])],
    ['Set', new Set([null, true, 1.5])],
    [
      'PyOrderedDict',
      new PyOrderedDict([
        ['a', 1],
        ['b', 2],
      ]),
    ],
    [
      'Map',
      new Map<unknown, unknown>([
        [1, 'a'],
        [null, 'b'],
        [new PyTuple('k'), 'c'],
      ]),
    ],
    ['PyByteArray', new PyByteArray([0, 255])],
    ['Uint8Array', new Uint8Array([0, 255])],
    ['an empty PyByteArray', new PyByteArray()],
    [
      'many of each',
      [Array.from({ length: 2001 }, (_, i) => i), new Set(Array.from({ length: 1001 }, (_, i) => `${i}`))],
    ],
  ])('%s comes back as itself', (_, value) => {
    const again = loads(dumps(value))
    expect(again).toEqual(value)
    expect(same(again, value)).toBe(true)
  })

  test('bytes are a copy, also of a Buffer', () => {
    const bytes = Buffer.from(dumps(new Uint8Array([1, 2])))
    const value = loads(bytes) as Uint8Array
    bytes.fill(0)
    expect(value).toEqual(new Uint8Array([1, 2]))
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
  })

  test('what lies in two places is written once and read as one', () => {
    const shared = { a: [1] }
    const again = loads(dumps([shared, shared])) as unknown[]
    expect(again[0]).toBe(again[1])
  })
})

describe('dates and times', () => {
  test.each([
    ['naive', new PyDateTime(moment), '2026-11-01T01:30:00'],
    [
      'UTC',
      new PyDateTime({ ...moment, microsecond: 7, tzinfo: PyTimeZone.utc }),
      '2026-11-01T01:30:00.000007+00:00',
    ],
    [
      'an offset of seconds',
      new PyDateTime({ ...moment, tzinfo: new PyTimeZone(new PyTimeDelta(0, -3661, 5)) }),
      '2026-11-01T01:30:00-01:01:00.999995',
    ],
    ['the first of two', new PyDateTime({ ...moment, tzinfo: newYork }), '2026-11-01T01:30:00-04:00'],
    [
      'the second of two',
      new PyDateTime({ ...moment, fold: 1, tzinfo: newYork }),
      '2026-11-01T01:30:00-05:00',
    ],
    [
      'a moment that is left out',
      new PyDateTime({ ...moment, month: 3, day: 8, hour: 2, tzinfo: newYork }),
      '2026-03-08T02:30:00-05:00',
    ],
    [
      'pytz',
      new PyDateTime({
        ...moment,
        tzinfo: new PyPytzZone('Asia/Tokyo', { utcOffset: 32_400, dst: 0, abbreviation: 'JST' }),
      }),
      '2026-11-01T01:30:00+09:00',
    ],
  ])('%s is shown as Python shows it, and comes back', (_, value, text) => {
    expect(`${value}`).toBe(text)
    expect(same(loads(dumps(value), { classes: 'django' }), value)).toBe(true)
    // Date knows offsets of minutes only, and no more than milliseconds.
    if (value.tzinfo && !text.endsWith('995')) expect(value.toDate()).toEqual(new Date(text))
  })

  test('a naive datetime is an instant in a zone that is named, and none without', () => {
    expect(new PyDateTime(moment).toDate('Asia/Tokyo')).toEqual(new Date('2026-11-01T01:30:00+09:00'))
    expect(() => new PyDateTime(moment).toDate()).toThrow(TypeError)
    expect(() => new PyDateTime(moment).toDate('Nowhere/Land')).toThrow(RangeError)
  })

  test('fields out of their range are refused', () => {
    expect(() => new PyDate(2026, 2, 29)).toThrow(RangeError)
    expect(() => new PyTime({ hour: 24 })).toThrow(RangeError)
    expect(() => new PyTimeDelta(1e9)).toThrow(RangeError)
    expect(() => new PyTimeZone(new PyTimeDelta(1))).toThrow(RangeError)
    expect(() => new PyDecimal('1,5')).toThrow(RangeError)
    expect(() => new PyUUID('zz')).toThrow(RangeError)
  })

  test('a timedelta is normalised as Python does', () => {
    expect(new PyTimeDelta(0, 0, -1)).toEqual(new PyTimeDelta(-1, 86_399, 999_999))
  })

  test.each<[string, unknown, unknown]>([
    ['Date', new Date('2026-01-02T03:04:05.678Z'), '2026-01-02T03:04:05.678000+00:00'],
    ['Instant', Temporal.Instant.from('2026-01-02T03:04:05.678901234Z'), '2026-01-02T03:04:05.678901+00:00'],
    ['PlainDateTime', Temporal.PlainDateTime.from('2026-01-02T03:04:05'), '2026-01-02T03:04:05'],
    ['PlainDate', Temporal.PlainDate.from('2026-01-02'), '2026-01-02'],
    ['PlainTime', Temporal.PlainTime.from('03:04:05.000001'), '03:04:05.000001'],
    [
      'ZonedDateTime',
      Temporal.ZonedDateTime.from('2026-11-01T01:30:00-05:00[America/New_York]'),
      '2026-11-01T01:30:00-05:00',
    ],
    [
      'ZonedDateTime of an offset',
      Temporal.ZonedDateTime.from('2026-11-01T01:30:00+09:00[+09:00]'),
      '2026-11-01T01:30:00+09:00',
    ],
  ])('%s is written as what Python calls it', (_, value, text) => {
    expect(`${loads(dumps(value))}`).toBe(text)
  })

  test('a Duration is a timedelta, unless it counts months', () => {
    expect(loads(dumps(Temporal.Duration.from('P1W1DT1.5S')))).toEqual(new PyTimeDelta(8, 1, 500_000))
    expect(() => dumps(Temporal.Duration.from('P1M'))).toThrow(PickleError)
  })

  test('a ZonedDateTime tells the second of two moments by fold', () => {
    const second = Temporal.ZonedDateTime.from('2026-11-01T01:30:00-05:00[America/New_York]')
    expect(loads(dumps(second))).toEqual(new PyDateTime({ ...moment, fold: 1, tzinfo: newYork }))
  })
})

describe('what Python cannot hold', () => {
  const cycle: unknown[] = []
  cycle.push({ cycle })
  class Cart {}

  test.each<[string, string, unknown]>([
    ['a function', 'PICKLE_UNSUPPORTED', () => 1],
    ['a symbol', 'PICKLE_UNSUPPORTED', Symbol('x')],
    ['an instance of a class', 'PICKLE_UNSUPPORTED', new Cart()],
    ['an invalid Date', 'PICKLE_UNSUPPORTED', new Date(Number.NaN)],
    ['a year beyond 9999', 'PICKLE_UNSUPPORTED', new Date(8.64e15)],
    ['a list in a Set', 'PICKLE_UNSUPPORTED', new Set([[1]])],
    ['a signalling NaN in a Set', 'PICKLE_UNSUPPORTED', new Set([new PyDecimal('sNaN')])],
    ['an object as a key', 'PICKLE_UNSUPPORTED', new Map([[{}, 1]])],
    ['an invalid Date as a key', 'PICKLE_UNSUPPORTED', new Map([[new Date(Number.NaN), 1]])],
    [
      'two keys that Python takes for one',
      'PICKLE_UNSUPPORTED',
      new Map<unknown, unknown>([
        [1, 'a'],
        [true, 'b'],
      ]),
    ],
    ['a typed array of another kind', 'PICKLE_UNSUPPORTED', new Uint16Array(1)],
    ['a value that holds itself', 'PICKLE_CYCLE', cycle],
    ['a value nested too deeply', 'PICKLE_LIMIT', JSON.parse(`${'['.repeat(1001)}${']'.repeat(1001)}`)],
  ])('%s is a typed error that names the key', (_, code, value) => {
    expect(() => dumps({ fine: 1, cart: [value] })).toThrow(expect.objectContaining({ code, key: 'cart' }))
  })

  test('undefined is left out of objects and is None elsewhere', () => {
    expect(loads(dumps({ a: undefined, b: [undefined] }))).toEqual({ b: [null] })
  })

  test('an object without a prototype is a dict, and __proto__ a key', () => {
    const object = Object.assign(Object.create(null), { a: 1 })
    expect(loads(dumps(object))).toEqual({ a: 1 })
    const own = JSON.parse('{"__proto__":{"x":1}}')
    expect(Object.keys(loads(dumps(own)) as object)).toEqual(['__proto__'])
  })
})
