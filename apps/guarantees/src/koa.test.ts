import { redisOrSkip, underWay } from '@tegata/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { koaApp } from './koa-app.ts'
import { type Answer, Shop } from './shop.ts'

const TIMES = 100
const AT_ONCE = 20

await redisOrSkip('the guarantees in Koa', (redis) => {
  const options = { front: {}, back: {}, lazy: { lazy: true }, rolling: { rolling: true } }
  const shops = {} as Record<keyof typeof options, Shop>
  beforeAll(async () => {
    for (const name of Object.keys(options) as (keyof typeof options)[])
      shops[name] = await new Shop(redis.url, { ...options[name], createApp: koaApp }).open()
    // Each script once, as every process does in its first minute.
    for (const shop of Object.values(shops)) {
      const cookie = await shop.start('ann')
      for (const path of ['/write?key=a', '/rotate']) await shop.get(path, cookie)
      await shop.get('/logout', await shop.start())
    }
  })
  afterAll(() => Promise.all(Object.values(shops).map((shop) => shop.close())))

  test('64 writers of distinct keys in two processes keep all of them, and 64 counters count exactly', async () => {
    for (let round = 0; round < 5; round++) {
      const cookie = await shops.front.start()
      const answers = await Promise.all(
        Array.from({ length: 128 }, (_, i) => {
          const shop = i % 2 ? shops.front : shops.back
          return shop.get(i < 64 ? `/write?key=k${i}&ms=${i % 5}` : `/count?ms=${i % 5}`, cookie)
        }),
      )
      expect(answers.map((answer) => answer.status)).toEqual(Array(128).fill(200))
      const { data } = (await shops.back.get('/read', cookie)).body as {
        data: Record<string, unknown>
      }
      expect(data.n).toBe(64)
      expect(Object.keys(data)).toHaveLength(66)
    }
  })

  /** How a session can end, and what the browser then holds. */
  const endings: Record<string, (shop: Shop, cookie: string) => Promise<Answer>> = {
    'destroySession(ctx)': (shop, cookie) => shop.get('/logout', cookie),
    'ctx.session = null': (shop, cookie) => shop.get('/logout?how=null', cookie),
    'regenerate()': (shop, cookie) => shop.get('/rotate', cookie),
    'a new login': (shop, cookie) => shop.get('/login?owner=bob', cookie),
  }
  const cases = Object.keys(endings).flatMap((ending) =>
    ['/write?key=late', '/read?', '/count?', 'rolling /read?'].map((late) => [late, ending] as const),
  )

  test.each(cases)(`a late %s brings nothing back after %s, ${TIMES} times`, async (late, ending) => {
    const [path = '', isRolling] = late.split(' ').reverse()
    const slow = isRolling ? shops.rolling : shops.front
    for (let done = 0; done < TIMES; done += AT_ONCE) {
      await shops.front.redis.flushdb()
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => once(i)))
    }

    async function once(i: number) {
      const cookie = await slow.start('ann')
      const answering = underWay(slow.get(`${path}&ms=${i % 4}`, cookie))
      await new Promise((resolve) => setTimeout(resolve, (i * 7) % 9))
      const ended = await endings[ending]?.(shops.back, cookie)
      const answer = await answering
      expect(answer.setCookies).toEqual([])
      expect([200, 409]).toContain(answer.status)

      const old = await shops.back.get('/read', cookie)
      expect(old.body).toEqual({ isNew: true, owner: null, data: {} })
      expect(old.setCookies).toEqual([])
      if (ended?.cookie && ended.cookie !== 'sid=')
        expect((await shops.back.get('/read', ended.cookie)).body).toMatchObject({
          isNew: false,
          data: { start: true },
        })
    }
  })

  const table: [
    request: string,
    shop: keyof typeof options,
    path: string,
    cookie: 'none' | 'malformed' | 'session',
    number,
  ][] = [
    ['no cookie', 'front', '/read', 'none', 0],
    ['malformed id', 'front', '/read', 'malformed', 0],
    ['malformed id, logout', 'front', '/logout?how=null', 'malformed', 0],
    ['cookie, session ignored', 'front', '/ignore', 'session', 1],
    ['cookie, session ignored: lazy', 'lazy', '/ignore', 'session', 0],
    ['read', 'front', '/read', 'session', 1],
    ['read, rolling', 'rolling', '/read', 'session', 1],
    ['write', 'front', '/write?key=b', 'session', 2],
    ['first write: a new session', 'front', '/write?key=b', 'none', 1],
    ['login without an old session', 'front', '/login?owner=ann', 'none', 1],
    ['login with an old session', 'front', '/login?owner=ann', 'session', 2],
    ['regenerate()', 'front', '/rotate', 'session', 2],
    ['ctx.session = null', 'front', '/logout?how=null', 'session', 2],
    ['ctx.session = null: lazy', 'lazy', '/logout?how=null', 'session', 1],
    ['destroySession(ctx): lazy', 'lazy', '/logout', 'session', 1],
  ]

  describe.each(table)('%s', (_, name, path, kind, expected) => {
    test(`takes ${expected} commands`, async () => {
      const shop = shops[name]
      const cookies = { none: undefined, malformed: 'sid=../../etc/passwd', session: await shop.start() }
      const monitor = await redis.monitor()
      const { status } = await shop.get(path, cookies[kind])
      const names = await monitor.names()
      monitor.stop()
      expect(status).toBe(200)
      expect(names).toHaveLength(expected)
    })
  })

  test('a frozen Redis is a 503 in time and no logout', async () => {
    const shop = await new Shop(redis.url, { createApp: koaApp, storeTimeout: 0.3 }).open()
    try {
      const cookie = await shop.start('ann')
      redis.freeze()
      const answers = await Promise.all([shop.get('/read', cookie), shop.get('/logout?how=null', cookie)])
      redis.thaw()
      expect(answers.map(({ status, body, setCookies }) => [status, body, setCookies])).toEqual(
        Array(2).fill([503, { code: 'STORE_UNAVAILABLE' }, []]),
      )
      expect((await shop.get('/read', cookie)).body).toMatchObject({ owner: 'ann' })
    } finally {
      redis.thaw()
      await shop.close()
    }
  })
})
