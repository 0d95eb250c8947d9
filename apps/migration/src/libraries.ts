import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import {
  type CookieTransport,
  createSessions,
  type ResolvedCookieOptions,
  type SessionFormat,
} from '@tegata/core'
import { getSession, session as tegata } from '@tegata/express'
import dropIn from '@tegata/express/express-session'
import {
  connectRedisFormat,
  connectTransport,
  fastifySessionFormat,
  fastifyTransport,
  koaSessionFormat,
  koaTransport,
} from '@tegata/format-connect'
import { getSession as getKoaSession, session as tegataKoa } from '@tegata/koa'
import { ioredisStore } from '@tegata/store-ioredis'
import type { RedisServer } from '@tegata/test-servers'
import { RedisStore } from 'connect-redis'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import Koa from 'koa'
import koaSession from 'koa-session'
import { createClient } from 'redis'

export const secrets = ['the newest secret of thirty-two signs', 'the one before that, as long as it']
/** Milliseconds. */
export const MAX_AGE = 60_000

/** What every server here does, whatever its library: `/login`, `/logout`, `/write`, else it shows the session. */
export interface Held {
  data: Record<string, unknown>
  /** A new id, and whatever else the library does at a login. */
  login(user: string): Promise<unknown>
  logout(): Promise<unknown>
}

export interface Running {
  url: string
  stop(): Promise<void>
}

/** A library with its usual store, and the same sessions in Tegata's hands. */
export interface Library {
  keyOf(id: string): string
  /** Whether logins there tell Tegata whose session it is. */
  hasOwners: boolean
  format: SessionFormat
  old(redis: RedisServer): Promise<Running>
  tegata(redis: RedisServer): Promise<Running>
}

async function answer(url: URL, held: Held): Promise<unknown> {
  const name = url.searchParams.get('name') ?? ''
  if (url.pathname === '/login') await held.login(name)
  if (url.pathname === '/logout') {
    await held.logout()
    return {}
  }
  if (url.pathname === '/write') {
    // Long enough for others to come between.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    held.data[name] = url.searchParams.get('value')
  }
  return Object.fromEntries(Object.entries(held.data).filter(([key]) => /^(user|key\w+)$/.test(key)))
}

async function listen(listener: RequestListener, clients: { quit(): Promise<unknown> }[]): Promise<Running> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return running(server, clients)
}

function running(server: Server, clients: { quit(): Promise<unknown> }[]): Running {
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await closed
      await Promise.all(clients.map((client) => client.quit()))
    },
  }
}

const promised = (call: (done: (error?: unknown) => void) => unknown) =>
  new Promise<void>((resolve, reject) => call((error) => (error ? reject(error) : resolve())))

const urlOf = (req: { url?: string | undefined }) => new URL(req.url ?? '/', 'http://localhost')

async function nodeRedis({ port }: RedisServer) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  // Of a test that failed it is still there when its server ends.
  client.on('error', () => {})
  await client.connect()
  return { client, quit: () => client.close() }
}

const expressOptions = {
  ...{ secret: secrets, resave: false, saveUninitialized: false, cookie: { maxAge: MAX_AGE } },
}

async function expressSession(redis: RedisServer): Promise<Running> {
  const { client, quit } = await nodeRedis(redis)
  return expressApp(session({ ...expressOptions, store: new RedisStore({ client }) }), { quit })
}

/** One import changed, and the store. */
async function standIn({ port }: RedisServer): Promise<Running> {
  const redis = new Redis(port)
  const middleware = dropIn({ ...expressOptions, store: ioredisStore(redis) })
  return expressApp(middleware as unknown as RequestHandler, redis)
}

function expressApp(middleware: RequestHandler, client: { quit(): Promise<unknown> }): Promise<Running> {
  const app = express()
  app.use(middleware)
  app.use(async (req, res) => {
    const held: Held = {
      get data() {
        return req.session as unknown as Record<string, unknown>
      },
      async login(user) {
        await promised((done) => req.session.regenerate(done))
        this.data.user = user
      },
      logout: () => promised((done) => req.session.destroy(done)),
    }
    res.json(await answer(urlOf(req), held))
  })
  return listen(app, [client])
}

async function koa({ port }: RedisServer): Promise<Running> {
  const redis = new Redis(port)
  const store = {
    get: async (key: string) => JSON.parse((await redis.get(key)) ?? 'null'),
    set: async (key: string, value: object, ms: number) => {
      await redis.set(key, JSON.stringify(value), 'PX', ms)
    },
    destroy: async (key: string) => {
      await redis.del(key)
    },
  }
  const app = new Koa({ keys: secrets })
  app.use(koaSession({ store: store as never, maxAge: MAX_AGE }, app))
  app.use(async (ctx) => {
    const held: Held = {
      get data() {
        return ctx.session as unknown as Record<string, unknown>
      },
      async login(user) {
        await ctx.session?.regenerate()
        this.data.user = user
      },
      async logout() {
        ctx.session = null
      },
    }
    ctx.body = await answer(urlOf(ctx.req), held)
  })
  return listen(app.callback(), [redis])
}

async function fastify(redis: RedisServer): Promise<Running> {
  const { client, quit } = await nodeRedis(redis)
  const app = Fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    ...{ secret: [...secrets], rolling: false, saveUninitialized: false },
    cookie: { secure: false, maxAge: MAX_AGE },
    store: new RedisStore({ client }) as never,
  })
  app.get('/*', async (request) => {
    const held: Held = {
      get data() {
        return request.session as unknown as Record<string, unknown>
      },
      async login(user) {
        await request.session.regenerate()
        this.data.user = user
      },
      logout: () => request.session.destroy(),
    }
    return answer(urlOf(request.raw), held)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return running(app.server, [{ quit }])
}

/** Koa's middleware changed, its data and cookies kept. */
async function tegataInKoa({ port }: RedisServer): Promise<Running> {
  const redis = new Redis(port)
  const app = new Koa()
  const sessions = tegataSessions(redis, koaDress)
  app.use(tegataKoa(sessions, app as never) as never)
  app.use(async (ctx) => {
    const held: Held = {
      get data() {
        return ctx.session as unknown as Record<string, unknown>
      },
      async login(user) {
        await (await getKoaSession(ctx)).authenticate(user)
        this.data.user = user
      },
      async logout() {
        ctx.session = null
      },
    }
    ctx.body = await answer(urlOf(ctx.req), held)
  })
  return listen(app.callback(), [redis])
}

interface Dress {
  name: string
  format: SessionFormat
  transport: (cookie: ResolvedCookieOptions) => CookieTransport
}

const tegataSessions = (redis: Redis, { name, format, transport }: Dress) =>
  createSessions<Record<string, unknown>>({
    ...{ format, transport, store: ioredisStore(redis) },
    ...{ idleTimeout: MAX_AGE / 1000, cookie: { name, secrets, deadline: 'idle' } },
  })

const withTegata =
  (dress: Dress) =>
  async ({ port }: RedisServer): Promise<Running> => {
    const redis = new Redis(port)
    const sessions = tegataSessions(redis, dress)
    const app = express()
    app.use(tegata(sessions))
    app.use(async (req, res) => {
      const current = await getSession<Record<string, unknown>>(req)
      const held: Held = {
        data: current.data,
        async login(user) {
          await current.authenticate(user)
          current.data.user = user
        },
        logout: () => current.destroy(),
      }
      res.json(await answer(urlOf(req), held))
    })
    return listen(app, [redis])
  }

const koaDress: Dress = { name: 'koa.sess', format: koaSessionFormat(), transport: koaTransport }

const library = (old: Library['old'], dress: Dress): Library => ({
  format: dress.format,
  keyOf: dress.format.keyOf,
  hasOwners: true,
  old,
  tegata: withTegata(dress),
})

export const libraries: Record<string, Library> = {
  'express-session': library(expressSession, {
    ...{ name: 'connect.sid', format: connectRedisFormat(), transport: connectTransport },
  }),
  'express-session, one import and the store changed,': {
    ...{ format: connectRedisFormat(), keyOf: connectRedisFormat().keyOf, hasOwners: false },
    ...{ old: expressSession, tegata: standIn },
  },
  'koa-session': library(koa, koaDress),
  'koa-session, in Koa,': { ...library(koa, koaDress), tegata: tegataInKoa },
  '@fastify/session': library(fastify, {
    name: 'sessionId',
    format: fastifySessionFormat({ cookie: { secure: false } }),
    transport: fastifyTransport,
  }),
}
