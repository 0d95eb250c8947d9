import { redisOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Shop } from './shop.ts'

const FIFTY = Array.from({ length: 50 }, (_, i) => i)

await redisOrSkip('fifty parallel requests with one session', (redis) => {
  let shops: Shop[]
  beforeAll(async () => {
    shops = await Promise.all([new Shop(redis.url).open(), new Shop(redis.url).open()])
  })
  afterAll(() => Promise.all(shops.map((shop) => shop.close())))

  describe.each([
    ['in one process', 1],
    ['in two processes', 2],
  ])('%s', (_, processes) => {
    const shop = (i: number) => shops[i % processes] as Shop

    test.each([0, 20])(
      'keep all fifty keys they write, with handlers of %i ms, five times in a row',
      async (ms) => {
        for (let round = 0; round < 5; round++) {
          const cookie = await shop(0).start()
          const answers = await Promise.all(
            FIFTY.map((i) => shop(i).get(`/write?key=k${i}&ms=${ms}`, cookie)),
          )
          expect(answers.every(({ status, setCookies }) => status === 200 && setCookies.length === 0)).toBe(
            true,
          )
          const { body } = await shop(0).get('/read', cookie)
          expect(Object.keys(body.data as object)).toHaveLength(51)
        }
      },
    )

    test('count exactly with session.update, and each is told a number of its own', async () => {
      const cookie = await shop(0).start()
      const answers = await Promise.all(FIFTY.map((i) => shop(i).get('/count', cookie)))
      const numbers = answers.map(({ body }) => body.n as number).sort((a, b) => a - b)
      expect(numbers).toEqual(FIFTY.map((i) => i + 1))
    })
  })
})
