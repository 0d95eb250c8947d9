import { isIndexKey } from '@tegata/core'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import { CookieJar } from 'tough-cookie'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, Shop } from './shop.ts'

const TIMES = 1000
/** Interleavings at a time: enough to shuffle them, few enough for two cores. */
const AT_ONCE = 20
const URL = 'http://127.0.0.1/'

const slow = {
  write: '/write?key=late',
  read: '/read?',
  count: '/count?',
}

await redisOrSkip('a slow request in flight while its session ends', (redis) => {
  let shops: [Shop, Shop]
  let rolling: [Shop, Shop]
  const open = (options = {}) =>
    Promise.all([new Shop(redis.url, options).open(), new Shop(redis.url, options).open()])
  beforeAll(async () => {
    shops = await open()
    rolling = await open({ rolling: true })
  })
  afterAll(() => Promise.all([...shops, ...rolling].map((shop) => shop.close())))

  /** How a session can end, and what the browser then holds. */
  const endings: Record<string, (shop: Shop, cookie: string) => Promise<Answer | undefined>> = {
    'a logout': (shop, cookie) => shop.get('/logout', cookie),
    'a rotation': (shop, cookie) => shop.get('/rotate', cookie),
    'a new login': (shop, cookie) => shop.get('/login?owner=bob', cookie),
    'its expiry': async (shop) => {
      const key = (await shop.redis.keys('tegata:*')).find((one) => !isIndexKey(one, 'tegata:'))
      if (key) await shop.redis.unlink(key)
      return undefined
    },
  }

  const cases = Object.keys(endings).flatMap((ending) =>
    ['write', 'read', 'rolling read', 'count'].map((late) => [late, ending] as const),
  )

  describe.each(cases)('a %s and %s', (late, ending) => {
    const path = slow[late.split(' ').at(-1) as keyof typeof slow]

    test(`bring nothing back and touch no cookie, ${TIMES} times`, { timeout: 120_000 }, async () => {
      const [front, back] = late.startsWith('rolling') ? rolling : shops
      let tooEarly = 0
      if (ending === 'its expiry') {
        // One session at a time: it is found by being the only one.
        await interleave(1, Math.min(TIMES, 1000))
        expect(tooEarly).toBeLessThan(TIMES / 2)
      } else await interleave(AT_ONCE, TIMES)

      async function interleave(atOnce: number, times: number) {
        for (let done = 0; done < times; done += atOnce) {
          await front.redis.flushdb()
          await Promise.all(Array.from({ length: atOnce }, (_, i) => once(done + i)))
        }
      }

      async function once(i: number) {
        const cookie = await front.start('ann')
        const before = front.events.length
        // From well before the slow request has loaded to well after it has committed.
        const lateAnswer = underWay(front.get(`${path}&ms=${i % 4}`, cookie))
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 9))
        const ended = await (endings[ending] as (typeof endings)[string])(back, cookie)
        const answer = await lateAnswer
        // Expired before it was loaded, it leaves no mark: the request began a new one, as any with an old cookie.
        const isNews = front.events.slice(before).some(({ type }) => type === 'unknown-id')
        if (ending === 'its expiry' && isNews) return void tooEarly++
        expect(answer.setCookies).toEqual([])
        expect([200, 409]).toContain(answer.status)

        const old = await back.get('/read', cookie)
        expect(old.body).toEqual({ isNew: true, owner: null, data: {} })
        expect(old.setCookies).toEqual([])
        if (ended?.cookie && ended.cookie !== 'sid=') {
          const next = await back.get('/read', ended.cookie)
          expect(next.body).toMatchObject({ isNew: false, data: { start: true } })
        }
      }
    })
  })

  test('the browser ends with the cookie of the newer login, in whatever order the responses arrive', async () => {
    const [front, back] = shops
    for (let round = 0; round < 20; round++) {
      const cookie = await front.start('ann')
      const answers = await Promise.all([
        front.get('/write?key=late&ms=5', cookie),
        front.get('/read?ms=5', cookie),
        rolling[0].get('/read?ms=5', cookie),
        back.get('/count?ms=3', cookie),
        back.get('/login?owner=bob&ms=2', cookie),
      ])
      const newer = answers.at(-1)?.cookie as string
      for (const order of permutations(answers)) {
        const jar = new CookieJar()
        await jar.setCookie(cookie, URL)
        for (const { setCookies } of order) for (const header of setCookies) await jar.setCookie(header, URL)
        expect(await jar.getCookieString(URL)).toBe(newer)
      }
      expect((await back.get('/read', newer)).body).toMatchObject({ owner: 'bob' })
    }
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  )
}
