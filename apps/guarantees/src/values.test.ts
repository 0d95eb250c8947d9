import { redisOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Shop } from './shop.ts'

const HEAD = '["0mjuohs00Jb2b48C.001uo0.zzzzzzzzz.zzzzzzzzz"'

const strings: Record<string, string | Buffer> = {
  'not JSON': 'hello, <b>world</b>',
  truncated: `${HEAD},{"secret":"va`,
  empty: '',
  null: 'null',
  'a number': '42',
  'an empty array': '[]',
  'a foreign object': '{"cookie":{"originalMaxAge":null},"user":1}',
  '5 MB': `${HEAD},{"a":"${'x'.repeat(5_000_000)}"}]`,
  __proto__: `${HEAD},{"__proto__":{"isAdmin":true}}]`,
  'constructor.prototype': `${HEAD},{"__proto__":null,"constructor":{"prototype":{"isAdmin":true}}}]`,
  '10,000 levels': `${HEAD},{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}]`,
  'bytes that are no text': Buffer.from([0xff, 0x00, 0x80]),
}

const types: Record<string, (shop: Shop, key: string) => Promise<unknown>> = {
  list: (shop, key) => shop.redis.rpush(key, 'a', 'b'),
  hash: (shop, key) => shop.redis.hset(key, 'field', 'secret'),
  set: (shop, key) => shop.redis.sadd(key, 'a'),
  stream: (shop, key) => shop.redis.xadd(key, '*', 'a', '1'),
}

await redisOrSkip('a value that is no session', (redis) => {
  let eager: Shop
  let rolling: Shop
  let cookie: string
  let key: string
  beforeAll(async () => {
    eager = await new Shop(redis.url).open()
    rolling = await new Shop(redis.url, { rolling: true }).open()
  })
  afterAll(() => Promise.all([eager.close(), rolling.close()]))
  beforeEach(async () => {
    await eager.redis.flushdb()
    cookie = await eager.start()
    key = (await eager.redis.keys('tegata:*'))[0] as string
  })

  const cases = [
    ...Object.entries(strings).map(
      ([name, value]) => [name, (shop: Shop) => shop.redis.set(key, value)] as const,
    ),
    ...Object.entries(types).map(([name, fill]) => [`a ${name}`, (shop: Shop) => fill(shop, key)] as const),
  ]

  describe.each(cases)('(%s)', (_, fill) => {
    beforeEach(async () => {
      await eager.redis.del(key)
      await fill(eager)
    })

    test('is one typed error, stays as it is, and says nothing to the client', async () => {
      const before = await eager.redis.dumpBuffer(key)
      for (const shop of [eager, rolling]) {
        for (const path of ['/read', '/write?key=x', '/count', '/rotate']) {
          const answer = await shop.get(path, cookie)
          expect(answer).toMatchObject({ status: 500, setCookies: [] })
          expect(answer.text).toBe('{"code":"SESSION_VALUE_INVALID"}')
        }
        expect((await shop.get('/ignore', cookie)).status).toBe(200)
      }
      expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
      expect((await eager.redis.dumpBuffer(key))?.equals(before as Buffer)).toBe(true)
    })

    test('lets a login through, which starts a session of its own', async () => {
      const answer = await eager.get('/login?owner=ann', cookie)
      expect(answer.status).toBe(200)
      expect((await eager.get('/read', answer.cookie)).body).toMatchObject({ owner: 'ann' })
      expect((await eager.get('/write?key=x', cookie)).setCookies).toEqual([])
    })

    test('lets a logout through, which removes it', async () => {
      const answer = await eager.get('/logout', cookie)
      expect(answer).toMatchObject({ status: 200, body: { ended: true }, cookie: 'sid=' })
      expect((await eager.get('/read', cookie)).body).toMatchObject({ isNew: true, data: {} })
    })
  })
})
