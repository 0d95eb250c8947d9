import { handleOf, nativeFormat } from '@tegata/core'
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
    'its expiry': async (shop, cookie) => {
      await shop.redis.unlink(nativeFormat().keyOf(idIn(cookie)))
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
      for (let done = 0; done < TIMES; done += AT_ONCE) {
        await front.redis.flushdb()
        await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => once(done + i)))
      }
      expect(tooEarly).toBeLessThan(TIMES / 2)

      async function once(i: number) {
        const cookie = await front.start('ann')
        const before = front.events.length
        // From well before the slow request has loaded to well after it has committed; what is no request itself is sooner there.
        const lateAnswer = underWay(front.get(`${path}&ms=${i % 4}`, cookie))
        const after = ((i * 7) % 9) * (ending === 'its expiry' ? 5 : 1)
        await new Promise((resolve) => setTimeout(resolve, after))
        const ended = await (endings[ending] as (typeof endings)[string])(back, cookie)
        const answer = await lateAnswer
        // Expired before it was loaded, it leaves no mark: the request began a new one, as any with an old cookie.
        const isNews = front.events
          .slice(before)
          .some((event) => event.type === 'unknown-id' && event.handle === handleOf(idIn(cookie)))
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

const idIn = (cookie: string) => cookie.slice('sid='.length)

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  )
}
