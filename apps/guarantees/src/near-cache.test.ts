import { redisOrSkip, underWay } from '@tegata/test-servers'
import { afterEach, describe, expect, test } from 'vitest'
import { Shop, type ShopOptions } from './shop.ts'

await redisOrSkip('with a near cache', (redis) => {
  const open: Shop[] = []
  afterEach(() => Promise.all(open.splice(0).map((shop) => shop.close())))

  async function shop(options: ShopOptions = {}): Promise<Shop> {
    const made = await new Shop(redis.url, options).open()
    open.push(made)
    return made
  }
  // Far more than the tests last: what is seen in time was told.
  const near = { prefix: 'tegata:', maxStale: 600 }

  /** What a request makes Redis do, signs of life aside. */
  async function commandsOf(request: () => Promise<unknown>): Promise<string[]> {
    const monitor = await redis.monitor()
    await request()
    const names = await monitor.names()
    monitor.stop()
    return names.filter((name) => name !== 'PING')
  }

  /** Requests until one is answered from memory. */
  const hot = (of: Shop, cookie: string) =>
    expect
      .poll(() => commandsOf(() => of.get('/read', cookie)), { timeout: 10_000, interval: 10 })
      .toEqual([])

  test.each<[string, ShopOptions]>([
    ['eager', {}],
    ['lazy', { lazy: true }],
    ['rolling', { rolling: true }],
    ['encrypted', { encryption: { keys: ['a key of thirty-two bytes at least'] } }],
    ['signed', { cookie: { secrets: 'a secret' } }],
  ])('fifty reads of a hot session take no command: %s', async (_, options) => {
    const remembering = await shop({ near, ...options })
    const cookie = await remembering.start('ann')
    await hot(remembering, cookie)
    const commands = await commandsOf(async () => {
      for (let i = 0; i < 50; i++) {
        const { body } = await remembering.get('/read', cookie)
        expect(body).toEqual({ isNew: false, owner: 'ann', data: { start: true } })
      }
    })
    expect(commands).toEqual([])
  })

  describe('another process', () => {
    test.each<[string, string, object]>([
      ['logs out', '/logout', { isNew: true, owner: null, data: {} }],
      ['writes', '/write?key=b', { data: { start: true, b: true } }],
      ['logs in anew', '/login?owner=bob', { owner: null, data: {} }],
    ])('%s: it is seen within a round trip', async (_, path, expected) => {
      const [remembering, other] = [await shop({ near }), await shop()]
      const cookie = await other.start('ann')
      await hot(remembering, cookie)
      await other.get(path, cookie)
      await expect
        .poll(async () => (await remembering.get('/read', cookie)).body, { timeout: 5000, interval: 5 })
        .toMatchObject(expected)
    })

    test('logs out: { fresh: true } sees it at once', async () => {
      const [remembering, other] = [await shop({ near }), await shop()]
      for (let round = 0; round < 20; round++) {
        const cookie = await other.start('ann')
        await remembering.get('/read', cookie)
        await other.get('/logout', cookie)
        expect((await remembering.get('/read?fresh', cookie)).body).toMatchObject({ owner: null, data: {} })
      }
    })

    test('logs out during a slow write of a remembered session: it stays logged out', async () => {
      const [remembering, other] = [await shop({ near }), await shop()]
      for (let round = 0; round < 5; round++) {
        const cookie = await other.start('ann')
        await remembering.get('/read', cookie)
        const slow = underWay(remembering.get('/write?key=late&ms=50', cookie))
        await other.get('/logout', cookie)
        expect((await slow).setCookies).toEqual([])
        expect((await other.get('/read', cookie)).body).toMatchObject({ owner: null, data: {} })
      }
    })
  })

  test('fifty parallel writes in two processes that remember keep all fifty keys', async () => {
    const [one, two, plain] = [await shop({ near }), await shop({ near }), await shop()]
    for (let round = 0; round < 3; round++) {
      const cookie = await plain.start()
      await Promise.all([one, two].map((remembering) => remembering.get('/read', cookie)))
      const writes = Array.from({ length: 50 }, (_, i) =>
        (i % 2 ? one : two).get(`/write?key=k${i}&ms=${i % 3}`, cookie),
      )
      expect((await Promise.all(writes)).every(({ status }) => status === 200)).toBe(true)
      const { body } = await plain.get('/read', cookie)
      expect(Object.keys(body.data as object)).toHaveLength(51)
    }
  })

  test('counts exactly with session.update, though it begins with what it remembers', async () => {
    const [one, two, plain] = [await shop({ near }), await shop({ near }), await shop()]
    const cookie = await plain.start()
    await Promise.all([one, two].map((remembering) => hot(remembering, cookie)))
    await Promise.all(Array.from({ length: 50 }, (_, i) => (i % 2 ? one : two).get('/count', cookie)))
    expect((await plain.get('/read', cookie)).body.data).toMatchObject({ n: 50 })
  })

  test('a new id is valid at once, and the old one no longer, in the process that gave it', async () => {
    const remembering = await shop({ near })
    for (let round = 0; round < 10; round++) {
      const cookie = await remembering.start('ann')
      await remembering.get('/read', cookie)
      const rotated = await remembering.get('/rotate', cookie)
      expect((await remembering.get('/read', rotated.cookie)).body).toMatchObject({ owner: 'ann' })
      expect((await remembering.get('/read', cookie)).body).toMatchObject({ owner: null, data: {} })
    }
  })
})
