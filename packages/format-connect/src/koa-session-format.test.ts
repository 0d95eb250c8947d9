import type { SessionHeader } from '@tegata/core'
import { describe, expect, test } from 'vitest'
import { fastifySessionFormat, koaSessionFormat } from './index.ts'

const now = Date.UTC(2026, 0, 1)
const bytes = (text: string) => new TextEncoder().encode(text)
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const invalid = expect.objectContaining({ code: 'SESSION_VALUE_INVALID' })
const key = '2c5b1f0e-9a1d-4f77-8f5e-6f0f5a2f9c11'
const format = koaSessionFormat()

const read = (text: string): { header: SessionHeader; data: object; serialized: string } => {
  const { header, serialized } = format.decode(bytes(text), key) as {
    header: SessionHeader
    serialized: string
  }
  return { header, data: format.deserialize(serialized), serialized }
}
const written = (header: SessionHeader, data: Record<string, unknown>) =>
  new TextDecoder().decode(format.encode(header, format.serialize(data), key, random))
const header: SessionHeader = { createdAt: now, writtenAt: now, idle: 60, until: Number.POSITIVE_INFINITY }

describe('koaSessionFormat()', () => {
  test('reads what koa-session wrote: its data, and how long it lives', () => {
    const { header, data } = read(`{"n":1,"s":{"_expire":2},"_expire":${now + 60_000},"_maxAge":60000}`)
    expect(data).toEqual({ n: 1, s: { _expire: 2 } })
    expect(header).toMatchObject({
      idle: 60,
      expiry: 60,
      writtenAt: now,
      createdAt: Number.POSITIVE_INFINITY,
    })
  })

  test('reads an empty session, and one of the browser', () => {
    expect(read(`{"_expire":${now},"_maxAge":60000}`).data).toEqual({})
    expect(read('{"a":1,"_session":true}').header.expiry).toBe('browser')
  })

  test.each<[string, SessionHeader]>([
    ['an idle time', { ...header, expiry: 60 }],
    ['an owner', { ...header, expiry: 60, owner: 'ada {}', authenticatedAt: now, label: 'a phone' }],
    ['the life of the browser', { ...header, idle: Number.POSITIVE_INFINITY, expiry: 'browser' }],
    [
      'a fixed date',
      { ...header, idle: Number.POSITIVE_INFINITY, until: now + 60_000, expiry: new Date(now + 60_000) },
    ],
  ])('reads what it wrote: %s', (_, header) => {
    for (const data of [{}, { a: 1, b: '"_maxAge":1}' }]) {
      const again = read(written(header, data))
      expect(again.header).toEqual(header)
      expect(again.data).toEqual(data)
    }
  })

  test('puts its own details where koa-session keeps them, which drops what begins with an underscore', () => {
    const value = JSON.parse(written({ ...header, owner: 'ada' }, { a: 1 }))
    const kept = Object.entries(value).filter(([name]) => !name.startsWith('_'))
    const saved = { ...Object.fromEntries(kept), _expire: now + 90_000, _maxAge: 60_000 }
    expect(read(JSON.stringify(saved)).header).toMatchObject({
      owner: 'ada',
      createdAt: now,
      writtenAt: now + 30_000,
    })
  })

  test.each([
    ['no JSON', 'x'],
    ['an array', '[1]'],
    ['an object in pieces', '"a":1,"_expire":1,"_maxAge":2}'],
    ['no end', '{"a":1}'],
    ['an end that is no number', '{"a":1,"_expire":"soon","_maxAge":60000}'],
    ['an end without its length', `{"a":1,"_expire":${now}}`],
    ['an end too large for a number', '{"_expire":1e999,"_maxAge":1}'],
    ['__proto__', `{"__proto__":{"admin":true},"_expire":${now},"_maxAge":60000}`],
    ['details of ours that are not', `{"$tegata":5,"_expire":${now},"_maxAge":60000}`],
  ])('refuses %s with a typed error', (_, text) => {
    expect(() => read(text)).toThrow(invalid)
  })

  test('makes ids that koa-session makes: a UUID, the prefix before it', () => {
    const prefixed = koaSessionFormat({ prefix: 'app:', keyPrefix: 'koa:' })
    const id = prefixed.createId(random)
    expect(id).toMatch(/^app:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(prefixed.isId(id)).toBe(true)
    expect(prefixed.isId(id.slice(4))).toBe(false)
    expect(prefixed.keyOf(id)).toBe(`koa:${id}`)
    expect(format.isId('a:b')).toBe(false)
  })
})

describe('fastifySessionFormat()', () => {
  test('keeps a fixed date as @fastify/session keeps it: without a length', () => {
    const fastify = fastifySessionFormat()
    const date = new Date(now + 60_000)
    const dated = { ...header, idle: Number.POSITIVE_INFINITY, until: date.getTime(), expiry: date }
    const value = fastify.encode(dated, '{"a":1}', 'sess:key', random)
    expect(JSON.parse(new TextDecoder().decode(value)).cookie).toEqual({
      ...{ originalMaxAge: null, expires: date.toISOString(), httpOnly: true, path: '/', secure: true },
    })
    expect(fastify.decode(value, 'sess:key')).toMatchObject({
      header: { expiry: date, until: date.getTime() },
    })
  })
})
