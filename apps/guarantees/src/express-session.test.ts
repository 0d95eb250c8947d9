import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import dropIn from '@tegata/express/express-session'
import { ioredisStore } from '@tegata/store-ioredis'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import { RedisStore } from 'connect-redis'
import express from 'express'
import original from 'express-session'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

declare module 'express-session' {
  interface SessionData {
    [key: `k${string}`]: unknown
    user?: string
  }
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const policy = { secret: 'keyboard cat', resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }

/** The same application behind either middleware. */
async function open(middleware: express.RequestHandler) {
  const app = express()
  app.use(middleware)
  app.get('/login', (req, res) => {
    req.session.regenerate(() => {
      req.session.user = 'bob'
      res.json({ id: req.sessionID })
    })
  })
  app.get('/write', async (req, res) => {
    req.session[`k${req.query.key}`] = true
    await later(Number(req.query.ms))
    res.json({})
  })
  app.get('/read', (req, res) => {
    const { cookie, ...data } = req.session
    res.json({ data, maxAge: cookie.originalMaxAge })
  })
  app.get('/logout', (req, res) => req.session.destroy(() => res.json({})))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function get(server: Server, path: string, cookie = '') {
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
  const setCookie = response.headers.getSetCookie().find((value) => value.startsWith('connect.sid='))
  const body = (await response.json()) as { data: object; maxAge: number; id: string }
  return { status: response.status, body, cookie: setCookie?.split(';')[0] }
}

await redisOrSkip(
  'servers of express-session and connect-redis, and such whose import was changed, on one Redis',
  (redis) => {
    let ioredis: Redis
    let client: ReturnType<typeof createClient>
    let servers: Record<'old' | 'changed' | 'both', Server>

    beforeAll(async () => {
      ioredis = new Redis(redis.url)
      client = createClient({ url: redis.url })
      client.on('error', () => {})
      await client.connect()
      servers = {
        old: await open(original({ ...policy, store: new RedisStore({ client }) })),
        // One import changed, the store is what it was.
        changed: await open(dropIn({ ...policy, store: new RedisStore({ client }) })),
        both: await open(dropIn({ ...policy, store: ioredisStore(ioredis) })),
      }
    })
    afterAll(async () => {
      for (const server of Object.values(servers)) {
        server.closeAllConnections()
        server.close()
      }
      await client.close()
      ioredis.disconnect()
    })

    const names = ['old', 'changed', 'both'] as const
    test.each(names.flatMap((from) => names.map((to) => [from, to] as const)))(
      'a login at %s goes on at %s, and ends there',
      async (from, to) => {
        const login = await get(servers[from], '/login')
        const written = await get(servers[to], '/write?key=1&ms=0', login.cookie)
        expect(written.cookie).toBe(login.cookie)
        const { body } = await get(servers[from], '/read', login.cookie)
        expect(body).toEqual({ data: { user: 'bob', k1: true }, maxAge: expect.toBeOneOf([59_999, 60_000]) })
        await get(servers[to], '/logout', login.cookie)
        expect((await get(servers[from], '/read', login.cookie)).body.data).toEqual({})
      },
    )

    test.each(names)('what %s writes is what the others write', async (name) => {
      const login = await get(servers[name], '/login')
      const key = `sess:${login.body.id}`
      const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)
      const text = (await ioredis.get(key)) as string
      expect(JSON.parse(text)).toEqual({
        cookie: { originalMaxAge: expect.any(Number), expires: date, httpOnly: true, path: '/' },
        user: 'bob',
      })
      expect(text).toMatch(
        /^\{"cookie":\{"originalMaxAge":\d+,"expires":"[^"]+","httpOnly":true,"path":"\/"\},"user":"bob"\}$/,
      )
      expect(await ioredis.pttl(key)).toBeGreaterThan(55_000)
      expect(await ioredis.pttl(key)).toBeLessThanOrEqual(60_000)
    })

    describe.each(['changed', 'both'] as const)('%s', (name) => {
      test('keeps what fifty requests at the same time write', async () => {
        const { cookie } = await get(servers[name], '/login')
        await Promise.all(
          Array.from({ length: 50 }, (_, i) => get(servers[name], `/write?key=${i}&ms=20`, cookie)),
        )
        expect(Object.keys((await get(servers[name], '/read', cookie)).body.data)).toHaveLength(51)
      })

      test('brings no session back that was logged out under a slow request, wherever', async () => {
        for (const logout of names) {
          const { cookie } = await get(servers[name], '/login')
          const slow = underWay(get(servers[name], '/write?key=1&ms=100', cookie))
          await later(50)
          await get(servers[logout], '/logout', cookie)
          expect((await slow).status).toBe(200)
          expect((await get(servers[name], '/read', cookie)).body.data).toEqual({})
        }
      })
    })
  },
)
