import { createSessions } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { redisOrSkip } from '@tegata/test-servers'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'

const RUNS = 100_000
const HEX = '0123456789abcdef'

/** Text that is not an id: too short, too long, of other characters, or an id with something added. */
const idLike = fc.string({ unit: fc.constantFrom(...'ABCxyz019-_'), minLength: 32, maxLength: 32 })
const malformed = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...HEX), maxLength: 31 }),
  idLike.map((id) => `${id}x`),
  idLike.map((id) => `s:${id}.sig`),
  idLike.map((id) => `"${id}"`),
  idLike.map((id) => `%61${id.slice(1)}`),
  idLike.map((id) => `${id.slice(0, 31)}\u00e9`),
)

await redisOrSkip('cookies by the hundred thousand', (redis) => {
  let client: Redis
  beforeAll(async () => {
    client = new Redis(redis.url)
    await client.ping()
  })
  afterAll(() => client.disconnect())

  const open = (cookie: string, secrets?: string) =>
    createSessions({ store: ioredisStore(client), ...(secrets && { cookie: { secrets } }) }).open({ cookie })

  test('no malformed one reaches Redis, none is adopted and none throws', { timeout: 120_000 }, async () => {
    const sessions = createSessions({ store: ioredisStore(client) })
    const monitor = await redis.monitor()
    const header = fc.oneof(
      malformed.map((value) => `sid=${value}`),
      malformed.map((value) => `a=1; sid=${value}; sid=${'A'.repeat(32)}`),
      fc.string({ unit: 'binary', maxLength: 200 }),
    )
    await fc.assert(
      fc.asyncProperty(header, async (cookie) => {
        const session = await sessions.open({ cookie }).session()
        expect(session.isNew).toBe(true)
        expect(cookie).not.toContain(session.id)
      }),
      { numRuns: RUNS },
    )
    const sent = (await monitor.commands()).filter(({ name }) => name === 'GET')
    monitor.stop()
    // What looks like an id by chance, in the first cookie of the name, may be asked for.
    expect(sent.length).toBeLessThan(RUNS / 1000)
  })

  test('no forged signature reaches Redis', { timeout: 120_000 }, async () => {
    const sessions = createSessions({
      store: ioredisStore(client),
      cookie: { secrets: 'a secret of the server' },
    })
    const monitor = await redis.monitor()
    const signature = fc.string({ unit: fc.constantFrom(...'ABCxyz019-_'), minLength: 43, maxLength: 43 })
    await fc.assert(
      fc.asyncProperty(idLike, signature, async (id, forged) => {
        const session = await sessions.open({ cookie: `sid=${id}.${forged}` }).session()
        expect(session.isNew).toBe(true)
        expect(session.id).not.toBe(id)
      }),
      { numRuns: RUNS / 5 },
    )
    expect(await monitor.names()).toEqual([])
    monitor.stop()
  })

  test('well-formed ids that were never issued are asked for, and never adopted', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(idLike, async (id) => {
        const context = open(`sid=${id}`)
        const session = await context.session()
        session.data.n = 1
        await context.commit()
        expect(context.headers().setCookies[0]).not.toContain(id)
      }),
      { numRuns: 2000 },
    )
  })

  test('64 KiB of cookies are read in no time, whatever they are', async () => {
    const size = 65_536
    const monitor = await redis.monitor()
    for (const unit of ['sid=', ';', 'sid=;', 'a', '=', ' ', 'sid=x; ', '"', '%', ',sid', '\u00e9']) {
      const cookie = unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
      for (const text of [cookie, `sid=${cookie}`]) {
        expect((await open(text).session()).isNew).toBe(true)
        expect((await open(text, 'secret').session()).isNew).toBe(true)
      }
    }
    expect(await monitor.names()).toEqual([])
    monitor.stop()
  })
})
