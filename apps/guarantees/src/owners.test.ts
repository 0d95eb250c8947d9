import { redisOrSkip, underWay } from '@tegata/test-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, Shop } from './shop.ts'

const ROUNDS = 20

await redisOrSkip('the sessions of an owner', (redis) => {
  let shops: [Shop, Shop]
  let capped: [Shop, Shop]
  const open = (options = {}) =>
    Promise.all([new Shop(redis.url, options).open(), new Shop(redis.url, options).open()])
  beforeAll(async () => {
    shops = await open()
    capped = await open({ maxSessionsPerOwner: 3 })
  })
  afterAll(() => Promise.all([...shops, ...capped].map((shop) => shop.close())))
  beforeEach(() => redis.flush())

  const living = async (cookies: readonly string[]) => {
    const answers = await Promise.all(cookies.map((cookie, i) => (shops[i % 2] as Shop).get('/read', cookie)))
    return cookies.filter((_, i) => answers[i]?.body.isNew === false)
  }
  const logIn = (shop: Shop) => shop.start('ann')

  describe('logging out everywhere else', () => {
    test('ends every other session while twenty requests write to them, and nothing comes back', async () => {
      const [front, back] = shops
      for (let round = 0; round < ROUNDS; round++) {
        const mine = await logIn(front)
        const others = await Promise.all(Array.from({ length: 5 }, () => logIn(back)))
        const writes = Array.from({ length: 20 }, (_, i) =>
          underWay((shops[i % 2] as Shop).get(`/write?key=k${i}&ms=${i % 7}`, others[i % others.length])),
        )
        await new Promise((resolve) => setTimeout(resolve, round % 5))
        const { body } = await front.get('/logout-elsewhere', mine)
        const answers = await Promise.all(writes)
        expect(body.ended).toBe(others.length)
        expect(answers.flatMap(({ setCookies }) => setCookies)).toEqual([])
        expect(await living([mine, ...others])).toEqual([mine])
        await front.sessions.destroyByOwner('ann')
      }
    })

    test('ends sessions that get another id meanwhile', async () => {
      const [front, back] = shops
      for (let round = 0; round < ROUNDS; round++) {
        const mine = await logIn(front)
        const others = await Promise.all(Array.from({ length: 8 }, () => logIn(back)))
        const rotations = others.map((cookie, i) => underWay((shops[i % 2] as Shop).get('/rotate', cookie)))
        const { body } = await back.get('/logout-elsewhere', mine)
        const answers: Answer[] = await Promise.all(rotations)
        expect(body.ended).toBe(others.length)
        const handedOut = answers.flatMap(({ cookie }) => cookie ?? [])
        expect(await living([mine, ...others, ...handedOut])).toEqual([mine])
        await front.sessions.destroyByOwner('ann')
      }
    })

    test('reaches sessions that another process remembers, within `maxStale`', async () => {
      const near = await new Shop(redis.url, { near: { prefix: 'tegata:', maxStale: 0.3 } }).open()
      try {
        const cookie = await logIn(shops[0])
        for (let n = 0; n < 5; n++) expect((await near.get('/read', cookie)).body.isNew).toBe(false)
        await near.sessions.destroyByOwner('ann')
        expect((await near.get('/read', cookie)).body.isNew).toBe(true)
        const next = await logIn(near)
        for (let n = 0; n < 5; n++) expect((await near.get('/read', next)).body.isNew).toBe(false)
        expect(await near.sessions.listByOwner('ann')).toHaveLength(1)
        await shops[1].sessions.destroyByOwner('ann')
        await expect
          .poll(async () => (await near.get('/read', next)).body.isNew, { timeout: 2000 })
          .toBe(true)
      } finally {
        await near.close()
      }
    })
  })

  describe('a maximum of three', () => {
    test('leaves exactly three of ten parallel logins at two processes', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const logins = Array.from({ length: 10 }, (_, i) => logIn(capped[i % 2] as Shop))
        const cookies = await Promise.all(logins)
        expect(await living(cookies)).toHaveLength(3)
        expect(await capped[0].sessions.listByOwner('ann')).toHaveLength(3)
      }
    })

    test('leaves the three newest of logins after each other', async () => {
      const cookies: string[] = []
      for (let n = 0; n < 6; n++) cookies.push(await logIn(capped[n % 2] as Shop))
      expect(await living(cookies)).toEqual(cookies.slice(3))
      const displaced = capped.flatMap(({ events }) => events.filter(({ type }) => type === 'displaced'))
      expect(displaced.length).toBeGreaterThanOrEqual(3)
    })
  })

  describe('what it costs', () => {
    /** Commands that clients send while something runs; `inScripts` are those that scripts call. */
    async function cost(work: () => Promise<unknown>) {
      const monitor = await redis.monitor()
      await work()
      const commands = await monitor.commands()
      monitor.stop()
      const count = (inScript: boolean) => commands.filter((command) => command.inScript === inScript).length
      return { sent: count(false), inScripts: count(true) }
    }

    test.each([1, 10, 150])('listing and ending %i sessions take a command for each, and two', async (n) => {
      const { sessions, redis: client } = shops[0]
      const costs: unknown[] = []
      // Each script once, with its text.
      await shops[0].start('bob')
      await sessions.destroyByOwner('bob')
      for (const others of [0, 2000]) {
        for (let at = 0; at < n; at++) await logIn(shops[0])
        await client.mset(
          Object.fromEntries(Array.from({ length: others + 1 }, (_, i) => [`tegata:other${i}`, 'x'])),
        )
        for (let at = 0; at < others / 100; at++) await shops[1].start(`someone${at}`)
        const list = await cost(() => sessions.listByOwner('ann'))
        const end = await cost(() => sessions.destroyByOwner('ann'))
        expect(list.sent).toBe(n + 1)
        expect(end.sent).toBe(n + 2)
        costs.push({ list, end })
        await redis.flush()
      }
      expect(costs[1]).toEqual(costs[0])
    })

    test('an index of sessions that ended is kept small by logins', async () => {
      const key = async () => (await shops[0].redis.keys('tegata:owner:*'))[0] as string
      for (let n = 0; n < 100; n++) {
        await logIn(shops[0])
        for (const one of await shops[0].redis.keys('tegata:*'))
          if (!one.startsWith('tegata:owner:')) await shops[0].redis.unlink(one)
      }
      expect(await shops[0].redis.hlen(await key())).toBeLessThan(20)
    })

    test('an index key that holds something else keeps nobody from logging in', async () => {
      const { redis: client, sessions } = shops[0]
      await logIn(shops[0])
      const [key = ''] = await client.keys('tegata:owner:*')
      await client.set(key, 'no index')
      // Told, not taken for nobody: who is logged out everywhere must not be missed without a word.
      await expect(sessions.destroyByOwner('ann')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await logIn(shops[0])
      expect(await sessions.listByOwner('ann')).toHaveLength(1)
    })

    test('an index ends with its last session', async () => {
      await logIn(shops[0])
      const [key = ''] = await shops[0].redis.keys('tegata:owner:*')
      const left = (await shops[0].redis.pttl(key)) / 86_400_000
      expect(left).toBeGreaterThan(29.9)
      expect(left).toBeLessThanOrEqual(30)
      await shops[0].sessions.destroyByOwner('ann')
      expect(await shops[0].redis.keys('tegata:owner:*')).toEqual([])
    })

    test('a small index takes few bytes', async () => {
      for (let n = 0; n < 10; n++) await logIn(shops[0])
      const [key = ''] = await shops[0].redis.keys('tegata:owner:*')
      expect(Number(await shops[0].redis.memory('USAGE', key))).toBeLessThan(2000)
    })
  })
})
