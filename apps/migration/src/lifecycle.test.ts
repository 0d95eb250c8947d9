import { expressSessionStore } from '@tegata/bridges'
import { ioredisStore } from '@tegata/store-ioredis'
import { redisOrSkip } from '@tegata/test-servers'
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

/** The methods that express-session's stores share, with promises as both have them. */
interface Store {
  get(sid: string): Promise<unknown>
  set(sid: string, session: object): Promise<unknown>
  touch(sid: string, session: object): Promise<unknown>
  destroy(sid: string): Promise<unknown>
  all(): Promise<unknown>
  ids(): Promise<unknown>
  length(): Promise<unknown>
  clear(): Promise<unknown>
}
interface Options {
  prefix?: string
  ttl?: number
  disableTouch?: boolean
}

await redisOrSkip('the life of a session in a store', (server) => {
  let redis: Redis
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    redis = new Redis(server.port)
    client = createClient({ url: `redis://127.0.0.1:${server.port}` })
    client.on('error', () => {})
    await client.connect()
  })
  afterEach(() => redis.flushall())
  afterAll(async () => {
    await client.close()
    await redis.quit()
  })

  const stores: Record<string, (options?: Options) => Store> = {
    'connect-redis': (options = {}) => new RedisStore({ client, ...options }) as unknown as Store,
    'a bridge to Tegata': (options = {}) =>
      expressSessionStore(session.Store, ioredisStore(redis), options) as unknown as Store,
  }

  describe.each(Object.entries(stores))('of %s', (_, make) => {
    const expiring = (ms: number, more: object = {}) => ({
      cookie: { originalMaxAge: ms, expires: new Date(Date.now() + ms).toISOString() },
      ...more,
    })

    test('is set, read, and destroyed', async () => {
      const store = make()
      const data = { cookie: { originalMaxAge: null }, foo: 'bar', list: [1, { a: null }] }
      await store.set('123', data)
      expect(await store.get('123')).toEqual(data)
      expect(JSON.parse((await redis.get('sess:123')) as string)).toEqual(data)
      await store.destroy('123')
      expect(await store.get('123')).toBeNull()
      expect(await redis.keys('*')).toEqual([])
    })

    test('is set again, whatever was there', async () => {
      const store = make()
      await store.set('123', { cookie: {}, n: 1 })
      await store.set('123', { cookie: {}, m: 2 })
      expect(await store.get('123')).toEqual({ cookie: {}, m: 2 })
    })

    test('lasts as long as its cookie, and without a date for ttl', async () => {
      const store = make({ ttl: 50 })
      await store.set('dated', expiring(20_000))
      expect(await redis.ttl('sess:dated')).toBeGreaterThanOrEqual(19)
      expect(await redis.ttl('sess:dated')).toBeLessThanOrEqual(20)
      await store.set('undated', { cookie: { expires: null } })
      expect(await redis.ttl('sess:undated')).toBeGreaterThanOrEqual(49)
      expect(await redis.ttl('sess:undated')).toBeLessThanOrEqual(50)
    })

    test('lasts a day where nothing says how long', async () => {
      const store = make()
      await store.set('123', { cookie: {} })
      expect(await redis.ttl('sess:123')).toBeGreaterThanOrEqual(86_398)
    })

    test('is not stored, or ends, when its cookie is over', async () => {
      const store = make()
      await store.set('123', expiring(-1000))
      expect(await store.get('123')).toBeNull()
      await store.set('123', expiring(10_000))
      await store.set('123', expiring(-1000))
      expect(await store.get('123')).toBeNull()
    })

    test('is touched: its time begins again, its value stays', async () => {
      const store = make()
      await store.set('123', expiring(10_000, { a: 1 }))
      const value = await redis.get('sess:123')
      await store.touch('123', expiring(50_000, { a: 2 }))
      expect(await redis.ttl('sess:123')).toBeGreaterThanOrEqual(49)
      expect(await redis.get('sess:123')).toBe(value)
    })

    test('is not brought back by a touch', async () => {
      const store = make()
      await store.touch('123', expiring(50_000))
      expect(await redis.keys('*')).toEqual([])
    })

    test('is not touched where disableTouch says so', async () => {
      const store = make({ disableTouch: true })
      await store.set('123', expiring(10_000))
      await store.touch('123', expiring(50_000))
      expect(await redis.ttl('sess:123')).toBeLessThanOrEqual(10)
    })

    test('is listed with all the others of its prefix, counted, and cleared with them', async () => {
      const store = make({ prefix: 'app:' })
      await redis.set('other', 'left alone')
      const ids = Array.from({ length: 250 }, (_, i) => `id${i}`)
      for (const id of ids) await store.set(id, { cookie: {}, n: id })
      expect(await store.length()).toBe(250)
      expect(((await store.ids()) as string[]).sort()).toEqual([...ids].sort())
      const all = (await store.all()) as { id: string; n: string }[]
      expect(all).toHaveLength(250)
      expect(all.every(({ id, n }) => id === n)).toBe(true)
      await store.clear()
      expect(await store.length()).toBe(0)
      expect(await store.all()).toEqual([])
      expect(await redis.keys('*')).toEqual(['other'])
      await store.clear()
    })

    test('is told to callbacks as well', async () => {
      const store = make() as unknown as Record<string, (...args: unknown[]) => unknown>
      const called = (verb: string, ...args: unknown[]) =>
        new Promise((resolve) =>
          store[verb]?.(...args, (error: unknown, answer: unknown) => resolve([error, answer])),
        )
      const [error] = (await called('set', '123', { cookie: {}, a: 1 })) as unknown[]
      expect(error).toBeNull()
      expect(await called('get', '123')).toEqual([null, { cookie: {}, a: 1 }])
      expect(await called('get', 'unknown')).toEqual([null, null])
      expect(await called('length')).toEqual([null, 1])
      await redis.set('sess:123', 'no JSON')
      const [failure] = (await called('get', '123')) as unknown[]
      expect(failure).toBeInstanceOf(Error)
    })

    test('is an event emitter, as express-session needs one', () => {
      expect(typeof (make() as unknown as { on: unknown }).on).toBe('function')
      expect(make()).toBeInstanceOf(session.Store)
    })
  })
})
