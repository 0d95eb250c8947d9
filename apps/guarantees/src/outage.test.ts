import { setTimeout as sleep } from 'node:timers/promises'
import { isIndexKey } from '@tegata/core'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, Shop } from './shop.ts'

const STORE_TIMEOUT = 0.5
/** What an answer may take beyond `storeTimeout`. */
const MARGIN_MS = 200
const BACK_WITHIN_MS = 2000

const unhandled: unknown[] = []
const record = (reason: unknown) => unhandled.push(reason)

await redisOrSkip('while Redis cannot answer', (redis) => {
  let shop: Shop
  let cookie: string
  beforeAll(() => {
    process.on('unhandledRejection', record)
  })
  afterAll(() => {
    process.off('unhandledRejection', record)
  })
  beforeEach(async () => {
    await redis.flush()
    shop = await new Shop(redis.url, { storeTimeout: STORE_TIMEOUT }).open()
    cookie = await shop.start('ann')
  })
  afterEach(async () => {
    // Also where the test failed in between.
    redis.thaw()
    if (redis.pid === undefined) await redis.start()
    await shop.close()
    expect(unhandled.splice(0)).toEqual([])
  })

  const outages: Record<string, { begin: () => unknown; end: () => unknown }> = {
    frozen: { begin: () => redis.freeze(), end: () => redis.thaw() },
    killed: { begin: () => redis.kill(), end: () => redis.restart() },
  }

  async function timed(answer: Promise<Answer>) {
    const begin = performance.now()
    return { answer: await answer, ms: performance.now() - begin }
  }

  /** Until a request works again. */
  async function recovery(path: string) {
    const begin = performance.now()
    for (;;) {
      const { status } = await shop.get(path, cookie)
      if (status === 200) return performance.now() - begin
      if (performance.now() - begin > 10_000) return Number.POSITIVE_INFINITY
      await sleep(20)
    }
  }

  describe.each(Object.entries(outages))('(%s)', (_, { begin, end }) => {
    test.each(['/read?', '/write?key=x', '/count?', '/login?owner=bob', '/rotate?', '/logout?'])(
      '%s is answered 503 in time, the cookie kept, and works within two seconds of the return',
      async (path) => {
        await begin()
        const { answer, ms } = await timed(shop.get(path, cookie))
        expect(ms).toBeLessThan(STORE_TIMEOUT * 1000 + MARGIN_MS)
        expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' }, setCookies: [] })
        await end()
        expect(await recovery(path)).toBeLessThan(BACK_WITHIN_MS)
      },
    )

    test('a request that was already in its handler is answered 503 in time, the cookie kept', async () => {
      const paths = ['/write?key=x&ms=100', '/login?owner=bob&ms=100', '/count?ms=100']
      const pending = underWay(Promise.all(paths.map((path) => timed(shop.get(path, cookie)))))
      await sleep(50)
      await begin()
      for (const { answer, ms } of await pending) {
        expect(ms).toBeLessThan(100 + STORE_TIMEOUT * 1000 + MARGIN_MS)
        expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' }, setCookies: [] })
      }
      await end()
      await recovery('/ignore')
    })

    test('a hundred requests at once are all answered in time', async () => {
      await begin()
      const all = await Promise.all(
        Array.from({ length: 100 }, (_, i) => timed(shop.get(i % 2 ? '/read' : `/write?key=k${i}`, cookie))),
      )
      expect(all.every(({ answer }) => answer.status === 503 && answer.setCookies.length === 0)).toBe(true)
      expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(STORE_TIMEOUT * 1000 + 3 * MARGIN_MS)
      await end()
      await recovery('/ignore')
    })

    test('requests that need no session are not affected', async () => {
      await begin()
      for (const answer of [await timed(shop.get('/health', cookie)), await timed(shop.get('/read'))]) {
        expect(answer.answer.status).toBe(200)
        expect(answer.ms).toBeLessThan(MARGIN_MS)
      }
      await end()
    })
  })

  test('a login that was answered 503 is not applied when Redis thaws', async () => {
    redis.freeze()
    const answer = await shop.get('/login?owner=bob')
    expect(answer.status).toBe(503)
    redis.thaw()
    await recovery('/read')
    await sleep(200)
    const keys = await shop.redis.keys('tegata:*')
    expect(keys.filter((key) => !isIndexKey(key, 'tegata:'))).toHaveLength(1)
    expect(await shop.sessions.listByOwner('bob')).toEqual([])
  })
})
