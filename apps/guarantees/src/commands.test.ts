import { redisOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Shop } from './shop.ts'

await redisOrSkip('commands per request', (redis) => {
  const shops: Record<string, Shop> = {}
  beforeAll(async () => {
    shops.eager = await new Shop(redis.url).open()
    shops.lazy = await new Shop(redis.url, { lazy: true }).open()
    shops.rolling = await new Shop(redis.url, { rolling: true }).open()
    // Each script once, as every process does in its first minute.
    for (const shop of Object.values(shops)) {
      const cookie = await shop.start('ann')
      for (const path of ['/write?key=a', '/rotate']) await shop.get(path, cookie)
      await shop.get('/logout', await shop.start())
    }
  })
  afterAll(() => Promise.all(Object.values(shops).map((shop) => shop.close())))

  const table: [
    request: string,
    shop: string,
    path: string,
    cookie: 'none' | 'malformed' | 'session',
    number,
  ][] = [
    ['no cookie', 'eager', '/read', 'none', 0],
    ['no cookie, ignored', 'eager', '/ignore', 'none', 0],
    ['malformed id', 'eager', '/read', 'malformed', 0],
    ['malformed id, logout', 'lazy', '/logout', 'malformed', 0],
    ['cookie, session ignored: lazy', 'lazy', '/ignore', 'session', 0],
    ['cookie, session ignored: eager', 'eager', '/ignore', 'session', 1],
    ['read', 'eager', '/read', 'session', 1],
    ['read: lazy', 'lazy', '/read', 'session', 1],
    ['read, rolling', 'rolling', '/read', 'session', 1],
    ['write', 'eager', '/write?key=b', 'session', 2],
    ['write, rolling', 'rolling', '/write?key=b', 'session', 2],
    ['update', 'lazy', '/count', 'session', 2],
    ['first write: a new session', 'lazy', '/write?key=b', 'none', 1],
    ['login without an old session', 'lazy', '/login?owner=ann', 'none', 1],
    ['login with an old session', 'lazy', '/login?owner=ann', 'session', 2],
    ['new id', 'lazy', '/rotate', 'session', 2],
    ['logout: lazy', 'lazy', '/logout', 'session', 1],
    ['logout: eager', 'eager', '/logout', 'session', 2],
  ]

  describe.each(table)('%s', (_, name, path, kind, expected) => {
    test(`takes ${expected}`, async () => {
      const shop = shops[name] as Shop
      const cookies = { none: undefined, malformed: 'sid=../../etc/passwd', session: await shop.start() }
      const monitor = await redis.monitor()
      const { status } = await shop.get(path, cookies[kind])
      const names = await monitor.names()
      monitor.stop()
      expect(status).toBe(200)
      expect(names).toHaveLength(expected)
    })
  })
})
