import type { EnumerableStore } from '@tegata/core'
import { djangoFormat, djangoSessions } from '@tegata/format-django'
import { ioredisStore } from '@tegata/store-ioredis'
import { djangoOrSkip } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pair } from './testing.ts'

const redisUrl = 'redis://127.0.0.1:6379/1'

const cases = [
  { env: { SERIALIZER: 'json' }, settings: { serializer: 'json' } },
  { env: { SERIALIZER: 'msgpack' }, settings: { serializer: 'msgpack' } },
  { env: { COMPRESSOR: 'zlib' }, settings: { compressor: 'zlib' } },
  { env: { COMPRESSOR: 'lz4' }, settings: { compressor: 'lz4' } },
  { env: { COMPRESSOR: 'lzma' }, settings: { compressor: 'lzma' } },
  { env: { SERIALIZER: 'json', COMPRESSOR: 'zlib' }, settings: { serializer: 'json', compressor: 'zlib' } },
  { env: { CLIENT_CLASS: 'django_redis.client.HerdClient' }, settings: {} },
  { env: { KEY_PREFIX: 'shop', VERSION: '7' }, settings: { keyPrefix: 'shop', version: 7 } },
] as const

await djangoOrSkip('a site with other settings', (redis) => {
  describe.each(cases)('$env', ({ env, settings }) => {
    let pair: Pair

    beforeAll(async () => {
      pair = await Pair.start(redis, env, settings)
    })
    afterAll(() => pair?.stop())

    test('shares its sessions in both directions', async () => {
      await pair.django('login', { username: 'alice', password: 'wonderland' })
      const text = '保存 '.repeat(60)
      await pair.django('put', { text, price: 1.0, whole: 1, big: 2 ** 40 })
      expect((await pair.node('session')).data).toMatchObject({ text, price: 1, whole: 1 })
      await pair.node('put', { cart: { items: [1, 2.5, null, true, text] } })
      await pair.node('expire', { seconds: 600 })
      const seen = await pair.django('session')
      expect(seen.user).toBe('alice')
      expect(seen.expiryAge).toBe(600)
      expect(seen.data.cart).toBe(`{'items': [1, 2.5, None, True, '${text}']}`)
      await pair.django('put', { last: 1 })
      expect(await pair.node('session')).toMatchObject({ user: '1', expiry: 600, data: { last: 1 } })
      await pair.node('logout', {})
      expect((await pair.django('session')).user).toBeNull()
    })

    test('keeps ints ints and floats floats when Node writes', async () => {
      await pair.django('put', { a: 1 })
      await pair.page('POST', '/django/api/put', { number: 2 })
      const before = (await pair.django('session')).data
      await pair.node('put', { b: 2 })
      expect((await pair.django('session')).data).toEqual({ ...before, b: '2' })
    })

    test('has a date of Node for a deadline, whatever its serializer can say', async () => {
      await pair.node('put', { a: 1 })
      const date = new Date(Date.now() + 900_000).toISOString()
      await pair.node('expire', { date })
      expect((await pair.node('session')).expiry).toBe(date)
      const { expiryAge } = await pair.django('session')
      expect(Math.abs(expiryAge - 900)).toBeLessThanOrEqual(1)
      await pair.django('put', { b: 2 })
      expect((await pair.node('session')).expiry).toBe(date)
    })

    test('counts exactly', async () => {
      await pair.node('put', { a: 1 })
      const { n: before = '0' } = (await pair.django('session')).data
      await Promise.all(Array.from({ length: 12 }, () => pair.nodeWith(pair.fork(), 'count', {})))
      expect((await pair.django('session')).data.n).toBe(String(Number(before) + 12))
    })
  })

  describe('with CSRF_USE_SESSIONS', () => {
    let pair: Pair

    beforeAll(async () => {
      pair = await Pair.start(redis, { CSRF_USE_SESSIONS: '1' })
    })
    afterAll(() => pair?.stop())

    test('takes the forms of Node, and its own after a login by Node', async () => {
      const { token: csrfmiddlewaretoken } = await pair.node('csrf')
      const form = new URLSearchParams({ csrfmiddlewaretoken, username: 'alice', password: 'wonderland' })
      expect((await pair.page('POST', '/django/', form)).status).toBe(302)
      const { password } = await pair.django('column?user=alice')
      await pair.node('login', { id: 1, password })
      const { text } = await pair.page('GET', '/admin/password_change/')
      const own = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(text)?.[1] ?? ''
      const leave = new URLSearchParams({ csrfmiddlewaretoken: own })
      expect((await pair.page('POST', '/django/leave', leave)).status).toBe(302)
      expect((await pair.django('session')).user).toBeNull()
    })
  })

  describe('with the engine cached_db', () => {
    let pair: Pair

    beforeAll(async () => {
      pair = await Pair.start(redis, { SESSION_ENGINE: 'cached_db' }, { sessionEngine: 'cached_db' })
    })
    afterAll(() => pair?.stop())

    test('is read, and every verb that would change it is refused', async () => {
      await pair.django('login', { username: 'alice', password: 'wonderland' })
      expect(await pair.node('session')).toMatchObject({ user: '1' })
      for (const [action, body] of [
        ['put', { a: 1 }],
        ['rotate', {}],
        ['expire', { seconds: 60 }],
        ['logout', {}],
        ['destroy', {}],
        ['count', {}],
      ] as const) {
        expect((await pair.respond(action, body)).json, action).toEqual({ code: 'SESSION_READ_ONLY' })
      }
      expect(await pair.django('session')).toMatchObject({ user: 'alice' })
    })
  })

  describe('djangoSessions()', () => {
    test.each([
      {},
      { url: 'http://127.0.0.1' },
      { client: 7 },
      { url: redisUrl, client: {} },
      { url: redisUrl, settings: { keyprefix: '' } },
      { url: redisUrl, cookie: {} },
    ])('refuses at the start what cannot work: %j', (options) => {
      expect(() => djangoSessions(options as never)).toThrow(TypeError)
    })

    test('lists the keys of its sessions, and of no other engine', async () => {
      const sessions = djangoSessions({ url: `${redis.url}/1` })
      const session = await sessions.open({}).session()
      session.data.a = 1
      await session.save()
      const { store } = sessions as unknown as { store: EnumerableStore }
      const found: string[] = []
      for await (const key of store.keys(djangoFormat().prefix)) found.push(key)
      expect(found).toContain(djangoFormat().keyOf(session.id))
      await sessions.close()
    })

    test('stores nothing in another database than the one of its URL', async () => {
      const client = new Redis(redis.url)
      const before = await client.dbsize()
      const sessions = djangoSessions({ url: `${redis.url}/99`, storeTimeout: 1 })
      for (let i = 0; i < 2; i++) {
        const context = sessions.open({})
        const session = await context.session()
        session.data.a = 1
        await expect(context.commit()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      }
      expect(await client.dbsize()).toBe(before)
      client.disconnect()
      await sessions.close()
    })

    test('tells by an event why it cannot connect, once', async () => {
      const causes: unknown[] = []
      const sessions = djangoSessions({
        url: 'redis://127.0.0.1:1/1',
        storeTimeout: 0.5,
        onEvent(event) {
          if (event.type === 'store-error') causes.push((event.error.cause as Error | undefined)?.message)
        },
      })
      await expect(sessions.open({ id: 'abcdefghijklmnopqrstuvwxyz012345' }).session()).rejects.toMatchObject(
        { code: 'STORE_UNAVAILABLE' },
      )
      expect(causes).toEqual([expect.stringContaining('ECONNREFUSED'), undefined])
      await sessions.close()
    })

    test.each(['ioredis', 'node-redis', 'a store'])('takes %s', async (kind) => {
      const client = new Redis(redis.url, { db: 1 })
      const other = createClient({ url: `${redis.url}/1` })
      other.on('error', () => {})
      await other.connect()
      const source =
        kind === 'a store' ? { store: ioredisStore(client) } : { client: kind === 'ioredis' ? client : other }
      const sessions = djangoSessions(source)
      const context = sessions.open({})
      const session = await context.session()
      session.data.from = kind
      await context.commit()
      const found = await sessions.open({ id: session.id }).session()
      expect(found.data).toEqual({ from: kind })
      await sessions.close()
      expect(client.status).toBe('ready')
      client.disconnect()
      await other.close()
    })
  })
})
