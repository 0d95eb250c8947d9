import { djangoOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Pair, seconds } from './testing.ts'

const DAY = 86_400

await djangoOrSkip('the expiry of one session', (redis) => {
  let pair: Pair

  const flush = async () => {
    pair.browser.cookies.clear()
    await redis.cli('FLUSHALL')
  }
  /** Of the last response's cookie; `undefined` for the browser's session. */
  const maxAge = () => {
    const age = /Max-Age=(-?\d+)/.exec(pair.browser.setCookie ?? '')?.[1]
    return age === undefined ? undefined : Number(age)
  }
  /** A save by each side: what it makes of TTL and cookie. */
  const saves = async () => {
    await pair.django('put', { n: 1 })
    const django = { ttl: await pair.pttl(), cookie: maxAge() }
    await pair.node('put', { n: 2 })
    const node = { ttl: await pair.pttl(), cookie: maxAge() }
    return { django, node }
  }

  describe('by the settings of a site', () => {
    beforeAll(async () => {
      pair = await Pair.start(redis, { SESSION_COOKIE_AGE: String(DAY) }, { sessionCookieAge: DAY })
    })
    afterAll(() => pair?.stop())
    beforeEach(flush)

    test('is SESSION_COOKIE_AGE after a save of either side, in Redis and in the cookie', async () => {
      const { django, node } = await saves()
      expect(django).toEqual({ ttl: seconds(DAY), cookie: DAY })
      expect(node).toEqual({ ttl: seconds(DAY), cookie: DAY })
    })

    test.each(['django', 'node'] as const)(
      'in seconds, set by %s, holds for the saves of both',
      async (side) => {
        await pair.node('put', { a: 1 })
        await pair[side]('expire', { seconds: 300 })
        expect([await pair.pttl(), maxAge()]).toEqual([seconds(300), 300])
        expect((await pair.django('session')).data._session_expiry).toBe('300')
        expect((await pair.node('session')).expiry).toBe(300)
        const { django, node } = await saves()
        expect(django).toEqual({ ttl: seconds(300), cookie: 300 })
        expect(node).toEqual({ ttl: seconds(300), cookie: 300 })
      },
    )

    test('set_expiry(0) ends with the browser and keeps the TTL, on both sides', async () => {
      await pair.django('expire', { seconds: 0 })
      expect([await pair.pttl(), maxAge()]).toEqual([seconds(DAY), undefined])
      expect(pair.browser.setCookie).toBe(`sessionid=${pair.browser.id}; HttpOnly; Path=/; SameSite=Lax`)
      expect((await pair.node('session')).expiry).toBe('browser')
      const { django, node } = await saves()
      expect(django).toEqual({ ttl: seconds(DAY), cookie: undefined })
      expect(node).toEqual({ ttl: seconds(DAY), cookie: undefined })
      expect((await pair.django('session')).data._session_expiry).toBe('0')
    })

    test("'browser' of Node is set_expiry(0)", async () => {
      await pair.node('put', { a: 1 })
      await pair.node('expire', { seconds: 'browser' })
      expect(pair.browser.setCookie).toBe(`sessionid=${pair.browser.id}; HttpOnly; Path=/; SameSite=Lax`)
      expect(await pair.django('session')).toMatchObject({ atBrowserClose: true, expiryAge: DAY })
    })

    test('none again, set by either side, is the default', async () => {
      await pair.django('expire', { seconds: 300 })
      await pair.node('expire', {})
      expect((await pair.django('session')).data).not.toHaveProperty('_session_expiry')
      expect([await pair.pttl(), maxAge()]).toEqual([seconds(DAY), undefined])
      await pair.node('expire', { seconds: 300 })
      await pair.django('expire', { seconds: null })
      expect((await pair.node('session')).expiry).toBeNull()
      expect((await saves()).node).toEqual({ ttl: seconds(DAY), cookie: DAY })
    })

    test('a date of Django stays that date, down to its type, whoever saves', async () => {
      const date = new Date(Date.now() + 3_600_000).toISOString().replace('Z', '+00:00')
      await pair.django('expire', { date })
      const before = (await pair.django('session')).data._session_expiry
      await new Promise((resolve) => setTimeout(resolve, 1100))
      const { django, node } = await saves()
      expect(django.ttl).toBeLessThanOrEqual(3_599_000)
      expect(Math.abs(node.ttl - django.ttl)).toBeLessThan(1100)
      expect(Math.abs((node.cookie ?? 0) - (django.cookie ?? 0))).toBeLessThanOrEqual(1)
      expect((await pair.django('session')).data._session_expiry).toBe(before)
      expect(new Date((await pair.node('session')).expiry).toISOString()).toBe(new Date(date).toISOString())
    })

    test('a timedelta of Django is a date as well', async () => {
      await pair.django('expire', { days: 1 / 24 })
      expect([await pair.pttl(), maxAge()]).toEqual([seconds(3599), 3599])
      await pair.node('put', { n: 1 })
      expect(await pair.pttl()).toEqual(seconds(3600))
    })

    test('a date of Node is one to Django, which saves by it', async () => {
      const date = new Date(Date.now() + 1_800_000)
      await pair.node('put', { a: 1 })
      await pair.node('expire', { date: date.toISOString() })
      const seen = await pair.django('session')
      expect(seen.data._session_expiry).toMatch(/^datetime\.datetime\(/)
      expect(seen.expiryAge).toBeGreaterThan(1790)
      const { django, node } = await saves()
      expect(django.ttl).toEqual(seconds(1799))
      expect(node.ttl).toEqual(seconds(1800))
    })

    test('in the past ends the session, on both sides', async () => {
      await pair.node('put', { a: 1 })
      const first = pair.key
      await pair.django('expire', { seconds: -5 })
      expect(await pair.exists(first)).toBe(false)
      await pair.django('put', { a: 1 })
      const second = pair.key
      await pair.node('expire', { seconds: -5 })
      expect(await pair.exists(second)).toBe(false)
      expect((await pair.django('session')).data).toEqual({})
    })

    test('a handler that assigns to _session_expiry, as Django code does, dates this very save', async () => {
      await pair.node('put', { a: 1 })
      await pair.node('put', { _session_expiry: 120 })
      expect([await pair.pttl(), maxAge()]).toEqual([seconds(120), 120])
      expect(await pair.django('session')).toMatchObject({ expiryAge: 120 })
    })
  })

  describe('of a site with SESSION_SAVE_EVERY_REQUEST', () => {
    beforeAll(async () => {
      const env = { SESSION_SAVE_EVERY_REQUEST: '1', SESSION_COOKIE_AGE: '1000' }
      pair = await Pair.start(redis, env, { saveEveryRequest: true, sessionCookieAge: 1000 })
    })
    afterAll(() => pair?.stop())
    beforeEach(flush)

    test.each(['django', 'node'] as const)(
      'starts anew at every request of %s, even one that ignores it',
      async (side) => {
        await pair.node('put', { a: 1 })
        await redis.cli('-n', '1', 'PEXPIRE', pair.key, '5000')
        if (side === 'django') await pair.django('anonymous')
        else await pair.node('anonymous')
        expect([await pair.pttl(), maxAge()]).toEqual([seconds(1000), 1000])
      },
    )
  })

  describe('of a site with SESSION_EXPIRE_AT_BROWSER_CLOSE', () => {
    beforeAll(async () => {
      const env = { SESSION_EXPIRE_AT_BROWSER_CLOSE: '1', SESSION_COOKIE_AGE: '1000' }
      pair = await Pair.start(redis, env, { expireAtBrowserClose: true, sessionCookieAge: 1000 })
    })
    afterAll(() => pair?.stop())
    beforeEach(flush)

    test('ends with the browser, unless a session says otherwise', async () => {
      await pair.node('put', { a: 1 })
      expect([await pair.pttl(), maxAge()]).toEqual([seconds(1000), undefined])
      const { django, node } = await saves()
      expect(django).toEqual({ ttl: seconds(1000), cookie: undefined })
      expect(node).toEqual({ ttl: seconds(1000), cookie: undefined })
      await pair.node('expire', { seconds: 60 })
      expect(maxAge()).toBe(60)
      const dated = await saves()
      expect([dated.django.cookie, dated.node.cookie]).toEqual([60, 60])
    })
  })

  describe('of a site without time zones', () => {
    beforeAll(async () => {
      pair = await Pair.start(redis, { NAIVE: '1', TIME_ZONE: 'Asia/Tokyo' }, { naiveTimezone: 'Asia/Tokyo' })
    })
    afterAll(() => pair?.stop())
    beforeEach(flush)

    test('is a date in the zone of the site, whichever side gives it', async () => {
      const date = new Date(Date.now() + 3_600_000)
      await pair.django('expire', {
        date: new Date(date.getTime() + 9 * 3_600_000).toISOString().slice(0, -1),
      })
      expect(new Date((await pair.node('session')).expiry).getTime()).toBe(date.getTime())
      await pair.node('expire', { date: new Date(date.getTime() - 1_800_000).toISOString() })
      await pair.django('put', { n: 1 })
      expect(await pair.pttl()).toEqual(seconds(1799))
    })
  })
})
