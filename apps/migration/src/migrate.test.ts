import { createSessions, migrate, nativeFormat, type SessionOptions, type SessionStore } from '@tegata/core'
import { connectRedisFormat, connectTransport } from '@tegata/format-connect'
import { ioredisStore } from '@tegata/store-ioredis'
import { clusterOrSkip, redisOrSkip } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { libraries, type Running, secrets } from './libraries.ts'

const options = (store: SessionStore) => ({
  store,
  ...migrate({
    from: {
      format: connectRedisFormat(),
      transport: connectTransport,
      cookie: { name: 'connect.sid', secrets },
    },
  }),
})
const header = (browser: Browser) =>
  [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')

await redisOrSkip('migrate() from express-session', (server) => {
  let redis: Redis
  let old: Running
  beforeAll(async () => {
    redis = new Redis(server.port)
    old = (await libraries['express-session']?.old(server)) as Running
  })
  afterAll(async () => {
    await old.stop()
    await redis.quit()
  })

  async function login() {
    await redis.flushall()
    const browser = new Browser()
    await browser.get(`${old.url}/login?name=ada`)
    return {
      cookie: header(browser),
      sessions: createSessions<{ user?: string; n?: number }>(options(ioredisStore(redis))),
    }
  }

  test('moves what express-session wrote to the native format at its first use, and leaves nothing behind', async () => {
    const { cookie, sessions } = await login()
    const context = sessions.open({ cookie })
    const session = await context.session()
    expect(session.data).toEqual({ user: 'ada' })
    session.data.n = 1
    await context.commit()
    expect(await redis.keys('sess:*')).toEqual([])
    expect(await redis.keys('tegata:*')).toHaveLength(1)
    expect((await sessions.open({ cookie }).session()).data).toEqual({ user: 'ada', n: 1 })
  })

  test('asks Redis for three commands at the first use, and for one from then on', async () => {
    const { cookie, sessions } = await login()
    await sessions.open({ cookie: '' }).session()
    const asked = async (work: () => Promise<unknown>) => {
      const monitor = await server.monitor()
      await work()
      const names = await monitor.names()
      monitor.stop()
      return names
    }
    const load = () => sessions.open({ cookie }).session()
    const names = await asked(load)
    // A server that does not know the script yet is sent its text.
    expect(names.map((name) => name.replace('EVALSHA', 'EVAL'))).toEqual(['GET', 'GET', 'EVAL'])
    expect(await asked(load)).toEqual(['GET'])
  })

  test('hands each browser the new cookie at its first request, and on the way back the old one', async () => {
    await redis.flushall()
    const browser = new Browser()
    await browser.get(`${old.url}/login?name=ada`)
    /** By servers with these options, each once: the cookies that the browser has then. */
    const use = async (options: Omit<SessionOptions<{ user?: string }>, 'store'>) => {
      const sessions = createSessions<{ user?: string }>({ store: ioredisStore(redis), ...options })
      const context = sessions.open({ cookie: header(browser) })
      expect((await context.session()).data.user).toBe('ada')
      await context.commit()
      for (const line of context.headers().setCookies) {
        expect(line).toMatch(/Expires=|Max-Age=/)
        browser.take(line)
      }
      return [...browser.cookies.keys()]
    }
    const before = { name: 'connect.sid', secrets, deadline: 'idle' } as const
    const after = { name: 'sid', deadline: 'idle' } as const
    const [format, transport] = [connectRedisFormat(), connectTransport]

    const there = migrate({ from: { format, transport, cookie: before } })
    expect(await use({ rolling: true, cookie: after, ...there })).toEqual(['sid'])
    expect(await use({ rolling: true, cookie: after })).toEqual(['sid'])
    const back = migrate({ from: { format: nativeFormat(), cookie: after }, to: { format, transport } })
    expect(await use({ rolling: true, cookie: before, ...back })).toEqual(['connect.sid'])
    expect(await use({ cookie: before, format, transport })).toEqual(['connect.sid'])
    expect(await browser.get(old.url)).toEqual({ user: 'ada' })
    expect(await redis.keys('tegata:*')).toEqual([])
  })

  test('moves a session once, however many requests come at the same time', async () => {
    const { cookie } = await login()
    const events: string[] = []
    const processes = Array.from({ length: 4 }, () =>
      createSessions<Record<string, unknown>>({
        ...options(ioredisStore(redis)),
        onEvent: ({ type }) => events.push(type),
      }),
    )
    const requests = Array.from({ length: 40 }, async (_, i) => {
      const context = (processes[i % 4] as (typeof processes)[number]).open({ cookie })
      const session = await context.session()
      session.data[`key${i}`] = i
      await context.commit()
      expect(context.headers().setCookies).toEqual([])
    })
    await Promise.all(requests)
    expect(events.filter((type) => type === 'moved')).toHaveLength(1)
    const { data } = await (processes[0] as (typeof processes)[number]).open({ cookie }).session()
    expect(Object.keys(data)).toHaveLength(41)
    expect(await redis.keys('*')).toHaveLength(1)
  })

  test('a logout that meets a move ends the session, whichever comes first', async () => {
    for (let round = 0; round < 40; round++) {
      const { cookie, sessions } = await login()
      const other = createSessions(options(ioredisStore(redis)))
      await Promise.all([
        sessions.open({ cookie }).session(),
        sessions.open({ cookie }).session(),
        new Promise((resolve) => setTimeout(resolve, (round % 8) / 4)).then(() =>
          other.open({ cookie }).destroy(),
        ),
      ])
      expect(await redis.keys('sess:*')).toEqual([])
      const { isNew } = await other.open({ cookie }).session()
      expect(isNew).toBe(true)
    }
  })
})

await clusterOrSkip('migrate() on a Cluster, where the two keys lie on different servers', (servers) => {
  let redis: Cluster
  beforeAll(() => {
    redis = new Cluster(servers.nodes.map(({ host, port }) => ({ host, port })))
  })
  afterAll(() => redis.quit())

  describe('moves each session once, with what it holds', () => {
    test('however many requests come at the same time', async () => {
      const format = connectRedisFormat()
      const { sign } = await import('@tegata/format-connect').then(({ connectSignature }) =>
        connectSignature(secrets),
      )
      for (let round = 0; round < 20; round++) {
        const id = format.createId((bytes) => crypto.getRandomValues(new Uint8Array(bytes)))
        const expires = new Date(Date.now() + 60_000)
        await redis.set(
          format.keyOf(id),
          JSON.stringify({
            cookie: { originalMaxAge: 60_000, expires, httpOnly: true, path: '/' },
            user: 'ada',
          }),
        )
        const cookie = `connect.sid=${encodeURIComponent(sign(id))}`
        const processes = [1, 2].map(() => createSessions<{ user?: string }>(options(ioredisStore(redis))))
        const seen = await Promise.all(
          [...processes, ...processes].map(
            async (sessions) => (await sessions.open({ cookie }).session()).data.user,
          ),
        )
        expect(seen).toEqual(['ada', 'ada', 'ada', 'ada'])
        expect(await redis.exists(format.keyOf(id))).toBe(0)
      }
    })
  })
})
