import type { SessionHeader } from '@tegata/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { connectRedisFormat } from './connect-redis-format.ts'

const now = Date.UTC(2026, 0, 1)
const iso = (time: number) => new Date(time).toISOString()
const bytes = (text: string) => new TextEncoder().encode(text)
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const key = 'sess:vUl2pVTjxDkb3LxSSwGHJSHRQRiEEKqN'
const format = connectRedisFormat()
const invalid = expect.objectContaining({ code: 'SESSION_VALUE_INVALID' })

/** As express-session and connect-redis write it. */
const foreign = (data: object, cookie: object = {}) =>
  JSON.stringify({
    cookie: { originalMaxAge: 60_000, expires: iso(now + 60_000), httpOnly: true, path: '/', ...cookie },
    ...data,
  })
const read = (text: string): { header: SessionHeader; data: object; serialized: string } => {
  const { header, serialized } = format.decode(bytes(text), key) as Exclude<
    ReturnType<typeof format.decode>,
    'ended'
  >
  return { header, data: format.deserialize(serialized), serialized: serialized as string }
}
const written = (header: SessionHeader, serialized: string) =>
  new TextDecoder().decode(format.encode(header, serialized, key, random))

describe('connectRedisFormat()', () => {
  test('reads what express-session wrote: its data, and how long it lives', () => {
    const { header, data } = read(foreign({ views: 3, user: { name: 'Ada' } }))
    expect(data).toEqual({ views: 3, user: { name: 'Ada' } })
    expect(header).toMatchObject({ idle: 60, expiry: 60, writtenAt: now })
  })

  test('knows nothing of when such a session began, or of its owner, until Tegata writes it', () => {
    const { header } = read(foreign({}))
    expect(header).toMatchObject({ createdAt: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY })
    expect(header.owner).toBeUndefined()
  })

  test('reads a session without maxAge as one of the browser', () => {
    expect(read(foreign({}, { originalMaxAge: null, expires: null })).header.expiry).toBe('browser')
  })

  test('keeps every member of the cookie that it does not know', () => {
    const cookie = { secure: true, sameSite: 'none', domain: 'example.org', priority: 'high', own: [1] }
    const { header, serialized } = read(foreign({ a: 1 }, cookie))
    expect(JSON.parse(written(header, serialized)).cookie).toMatchObject({
      ...{ originalMaxAge: 60_000, expires: iso(now + 60_000), httpOnly: true, path: '/' },
      ...cookie,
    })
  })

  test('gives a session that began here the attributes that the old servers are configured with', () => {
    const configured = connectRedisFormat({ cookie: { secure: true, sameSite: 'lax' } })
    const header = { createdAt: now, writtenAt: now, idle: 60, until: now + 600_000 }
    const value = configured.encode(header, '{}', key, random)
    expect(JSON.parse(new TextDecoder().decode(value)).cookie).toEqual({
      ...{ originalMaxAge: 60_000, expires: iso(now + 60_000) },
      ...{ httpOnly: true, path: '/', secure: true, sameSite: 'lax' },
    })
  })

  test('takes the whole option `cookie` of the old servers, and lets the manager alone say how long a session lives', () => {
    const old = { secure: false, maxAge: 86_400_000, expires: new Date(0), originalMaxAge: 1 }
    const configured = connectRedisFormat({ cookie: old })
    const header = { createdAt: now, writtenAt: now, idle: 60, until: now + 600_000 }
    const value = configured.encode(header, '{}', key, random)
    expect(JSON.parse(new TextDecoder().decode(value)).cookie).toEqual({
      ...{ originalMaxAge: 60_000, expires: iso(now + 60_000) },
      ...{ httpOnly: true, path: '/', secure: false },
    })
  })

  test('reads what it wrote, whatever is in the header and in the data', () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2058, 0, 1) })
    const headers = fc
      .record(
        {
          createdAt: time,
          writtenAt: time,
          owner: fc.string({ unit: 'grapheme' }),
          authenticatedAt: time,
          label: fc.string({ unit: 'grapheme' }),
          expiry: fc.oneof(
            fc.constant('browser' as const),
            fc.integer({ min: 1, max: 1e9 }),
            fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(now) }),
          ),
        },
        { requiredKeys: ['createdAt', 'writtenAt', 'expiry'], noNullPrototype: true },
      )
      .map((fields) => ({
        ...fields,
        idle: typeof fields.expiry === 'number' ? fields.expiry : Number.POSITIVE_INFINITY,
        until: fields.expiry instanceof Date ? fields.expiry.getTime() : Number.POSITIVE_INFINITY,
      }))
    const json = fc
      .dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
      .filter((data) => !Object.hasOwn(data, 'cookie') && !Object.hasOwn(data, '_tegata'))
      .filter((data) => !JSON.stringify(data).includes('__proto__'))
    fc.assert(
      fc.property(headers, json, (header, data) => {
        const serialized = format.serialize(data) as string
        const again = read(written(header as SessionHeader, serialized))
        expect(again.header).toEqual({ ...header, extras: { httpOnly: true, path: '/' } })
        expect(again.data).toEqual(JSON.parse(JSON.stringify(data)))
      }),
    )
  })

  test('finds its own details and the data wherever the old server has moved them to', () => {
    const header = { createdAt: now, writtenAt: now, idle: 60, until: now + 600_000, owner: 'ada {}' }
    const { cookie, _tegata, ...data } = JSON.parse(written(header, '{"a":{"cookie":1,"_tegata":2}}'))
    for (const text of [
      JSON.stringify({ ...data, _tegata, cookie }),
      JSON.stringify({ cookie, ...data, _tegata }, null, 2),
    ]) {
      const again = read(text)
      expect(again.header).toMatchObject({ owner: 'ada {}', createdAt: now })
      expect(again.data).toEqual({ a: { cookie: 1, _tegata: 2 } })
    }
  })

  test('does not believe details that were copied from another session', () => {
    const header = { createdAt: now, writtenAt: now, idle: 60, until: now + 600_000, owner: 'ada' }
    const decoded = format.decode(bytes(written(header, '{}')), 'sess:BnTLkQ4P1rWkU0cRUMfmLbkBtFGVYyXA')
    expect(decoded).toMatchObject({ header: { createdAt: Number.POSITIVE_INFINITY } })
    expect((decoded as { header: SessionHeader }).header.owner).toBeUndefined()
  })

  test('forgets a fixed date once the old server has given the session another life', () => {
    const date = new Date(now + 600_000)
    const header = { createdAt: now, writtenAt: now, idle: Number.POSITIVE_INFINITY, until: date.getTime() }
    const value = JSON.parse(written({ ...header, expiry: date }, '{}'))
    expect(read(JSON.stringify(value)).header.expiry).toEqual(date)
    value.cookie.expires = iso(now + 700_000)
    expect(read(JSON.stringify(value)).header.expiry).toEqual(date)
    value.cookie.originalMaxAge = 5000
    expect(read(JSON.stringify(value)).header.expiry).toBe(5)
  })

  test.each([
    ['nothing', ''],
    ['no JSON', 'cookie'],
    ['an array', '[{"cookie":{}}]'],
    ['a number', '7'],
    ['null', 'null'],
    ['JSON that breaks off', foreign({ a: 1 }).slice(0, -3)],
    ['no cookie', '{"a":1}'],
    ['a cookie that is no object', '{"cookie":"x"}'],
    ['a cookie that is an array', '{"cookie":[]}'],
    ['a cookie given twice, the second of them nothing', '{"cookie":{},"cookie":null}'],
    ['a date that is none', foreign({}, { expires: 'soon' })],
    ['a date that is a number', foreign({}, { expires: 5 })],
    ['a maxAge that is no number', foreign({}, { originalMaxAge: '60000' })],
    ['__proto__ in the data', foreign({}).replace('}}', '},"__proto__":{"admin":true}}')],
    ['__proto__ in the cookie', '{"cookie":{"__proto__":{"path":"/"}},"a":1}'],
    ['details of ours that are not', foreign({ _tegata: { owner: 1 } })],
    ['details of ours that are null', foreign({ _tegata: null })],
  ])('refuses %s with a typed error', (_, text) => {
    expect(() => read(text)).toThrow(invalid)
  })

  test('refuses bytes that are not UTF-8', () => {
    expect(() => format.decode(new Uint8Array([0x7b, 0xff, 0x7d]), key)).toThrow(invalid)
  })

  test('shows nothing of what a hostile value hides under its own names', () => {
    const { data } = read('{"cookie":{},"a":1,"\\u0063ookie":{"path":"/x"},"\\u005ftegata":1}')
    expect(data).toEqual({ a: 1 })
  })

  test('refuses to store data under the names that it needs', () => {
    for (const name of ['cookie', '_tegata']) {
      expect(() => format.serialize({ [name]: 1 })).toThrow(
        expect.objectContaining({ code: 'SESSION_DATA_INVALID' }),
      )
    }
  })

  test('makes ids of the shape that express-session makes, and takes those of its usual generators', () => {
    expect(format.createId(random)).toMatch(/^[\w-]{32}$/)
    expect(format.isId(crypto.randomUUID())).toBe(true)
    expect(format.isId('../../etc/passwd')).toBe(false)
    expect(format.keyOf('abc')).toBe('sess:abc')
  })
})
