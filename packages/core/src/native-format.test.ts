import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes.ts'
import { createCipher } from './cipher.ts'
import type { SessionFormat, SessionHeader } from './format.ts'
import { handleOf } from './handle.ts'
import { createId, randomBytes } from './id.ts'
import { nativeFormat } from './native-format.ts'
import { ENDED } from './native-head.ts'

const now = Date.UTC(2026, 0, 1)
const header: SessionHeader = { createdAt: now, writtenAt: now, idle: 86_400, until: now + 2_592_000_000 }
const plain = nativeFormat()
const encrypted = plain.withCipher?.(createCipher({ keys: ['k'.repeat(32)] })) as SessionFormat

const encode = (format: SessionFormat, data: object, fields: SessionHeader = header, key = 'tegata:key') =>
  format.encode(fields, format.serialize(data as never), key, randomBytes)
const invalid = expect.objectContaining({ code: 'SESSION_VALUE_INVALID' })

const time = fc.integer({ min: 0, max: Date.UTC(2058, 0, 1) })
const headers = fc.record<SessionHeader>(
  {
    createdAt: time,
    writtenAt: time,
    idle: fc.oneof(fc.integer({ min: 1, max: 36 ** 6 - 2 }), fc.constant(Number.POSITIVE_INFINITY)),
    until: fc.oneof(time, fc.constant(Number.POSITIVE_INFINITY)),
    owner: fc.string({ unit: 'grapheme' }),
    authenticatedAt: time,
    label: fc.string({ unit: 'grapheme' }),
    expiry: fc.oneof(
      fc.constant('browser' as const),
      fc.integer(),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(now) }),
    ),
  },
  { requiredKeys: ['createdAt', 'writtenAt', 'idle', 'until'], noNullPrototype: true },
)
const json = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })

describe.each([
  ['the native format', plain],
  ['the native format, encrypted,', encrypted],
])('%s', (_, format) => {
  test('reads what it wrote, whatever is in the header and in the data', () => {
    fc.assert(
      fc.property(headers, json, (fields, data) => {
        const serialized = format.serialize(data)
        const value = format.encode(fields, serialized, 'key', randomBytes)
        expect(format.decode(value, 'key')).toEqual({ header: fields, serialized })
      }),
    )
  })

  test('is JSON', () => {
    expect(() => JSON.parse(fromUtf8(encode(format, { a: 1 })))).not.toThrow()
  })

  test('gives every write a stamp of its own, even of equal data in one millisecond', () => {
    const stamps = Array.from({ length: 1000 }, () => {
      const expected = format.expected(encode(format, { a: 1 }))
      return 'stamp' in expected ? fromUtf8(expected.stamp) : ''
    })
    expect(new Set(stamps).size).toBe(1000)
  })

  test('has both deadlines where its slide fields say, in base 36', () => {
    const text = fromUtf8(encode(format, { a: 1 }))
    const { idle, until } = format.slideFields ?? expect.fail('no slide fields')
    const field = ([at, length]: readonly [number, number]) =>
      Number.parseInt(text.slice(at, at + length), 36)
    expect(field(idle)).toBe(header.idle)
    expect(field(until)).toBe(header.until)
  })

  test('tells a mark from a session', () => {
    const mark = format.endMark?.(now, randomBytes) ?? expect.fail('no mark')
    expect(format.decode(mark.value, 'key')).toBe('ended')
    expect(fromUtf8(mark.value).startsWith(fromUtf8(mark.lead))).toBe(true)
    expect(fromUtf8(encode(format, {})).startsWith(fromUtf8(mark.lead))).toBe(false)
  })

  test.each([
    ['', 'nothing'],
    ['null', 'null'],
    ['42', 'a number'],
    ['[]', 'an empty array'],
    ['{"cookie":{}}', 'what another library stored'],
    ['["",{}]', 'an empty head'],
    [`["${ENDED}",{}]`, 'half a mark'],
  ])('refuses %j: %s', (text) => {
    expect(() => format.decode(utf8(text), 'key')).toThrow(invalid)
  })

  test('refuses every truncation of a value', () => {
    const value = encode(format, { text: '{"}' })
    for (let length = 0; length < value.length; length++) {
      expect(() => format.decode(value.slice(0, length), 'tegata:key'), `${length}`).toThrow(invalid)
    }
  })

  test('refuses what is not UTF-8', () => {
    expect(() => format.decode(Uint8Array.of(0xff, 0xfe), 'key')).toThrow(invalid)
  })
})

describe('the native format', () => {
  test('is readable: a head, then the data as they are', () => {
    const fields = { ...header, owner: 'ada', authenticatedAt: now, label: 'Firefox on Linux' }
    expect(fromUtf8(encode(plain, { visits: 1 }, fields))).toMatch(
      /^\["[\w-]{16}\.\w{6}\.\w{9}\.\w{9} owner=ada&at=\w+&label=Firefox\+on\+Linux",\{"visits":1\}\]$/,
    )
  })

  test('costs 48 bytes on top of the data of an anonymous session', () => {
    expect(encode(plain, { visits: 1 }).length - '{"visits":1}'.length).toBe(48)
  })

  test('puts its prefix before every key, and takes another', () => {
    const id = createId(randomBytes)
    expect(plain.keyOf(id)).toMatch(/^tegata:[\w-]{36}$/)
    expect(nativeFormat({ prefix: 'shop:' }).keyOf(id)).toBe(plain.keyOf(id).replace('tegata:', 'shop:'))
    expect(() => nativeFormat({ prefix: 7 as never })).toThrow('The option `prefix` of nativeFormat()')
    expect(() => nativeFormat({ prefx: 'a:' } as never)).toThrow('Unknown option `prefx` of nativeFormat().')
  })
})

describe('the native format, encrypted,', () => {
  const fields = { ...header, owner: 'ada', label: 'Firefox' }

  test('shows neither data nor owner nor label', () => {
    expect(fromUtf8(encode(encrypted, { secret: 'swordfish' }, fields))).not.toMatch(/swordfish|ada|Firefox/)
  })

  test('refuses a value that was moved to another key', () => {
    const value = encode(encrypted, { a: 1 }, fields, 'tegata:ada')
    expect(() => encrypted.decode(value, 'tegata:eve')).toThrow('cannot be decrypted')
  })

  test('refuses a value of which any one character was changed, deadlines included', () => {
    const text = fromUtf8(encode(encrypted, { a: 1 }, fields))
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === 'b' ? 'c' : 'b') + text.slice(at + 1)
      expect(() => encrypted.decode(utf8(changed), 'tegata:key'), changed).toThrow(invalid)
    }
  })

  test('refuses a value that was stored in the clear', () => {
    expect(() => encrypted.decode(encode(plain, { admin: true }), 'tegata:key')).toThrow('is not encrypted')
  })
})

test('the key begins with the prefix and the handle that events tell', () => {
  const id = createId(randomBytes)
  expect(nativeFormat({ prefix: 'shop:' }).keyOf(id)).toMatch(`shop:${handleOf(id)}`)
})
