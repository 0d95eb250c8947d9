import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions, type SessionEvent, type SessionOptions, type Sessions } from '@tegata/core'
import { destroySession, getSession, session } from '@tegata/express'
import { ioredisStore } from '@tegata/store-ioredis'
import { type NearCache, type NearCacheOptions, nearCache } from '@tegata/store-redis'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { Redis } from 'ioredis'

type Data = Record<string, unknown>

export interface ShopOptions extends Partial<SessionOptions<Data>> {
  /** Load sessions only when a handler asks. */
  lazy?: boolean
  /** The application in another framework. Default: in Express. */
  createApp?: (sessions: Sessions<Data>, options: { lazy: boolean }) => RequestListener
  /** Remember hot sessions in this process. */
  near?: NearCacheOptions
}

/** One process of an application: a client, a manager and an HTTP server of its own. */
export class Shop {
  readonly redis: Redis
  readonly sessions: Sessions<Data>
  readonly events: SessionEvent[] = []
  readonly #server: Server
  readonly #near: NearCache | undefined
  // `fetch` takes more time than all that answers it.
  readonly #agent = new Agent({ keepAlive: true })
  #address = ''

  constructor(
    redisUrl: string,
    { lazy = false, near, createApp = expressApp, ...options }: ShopOptions = {},
  ) {
    this.redis = new Redis(redisUrl, { retryStrategy: () => 100, maxRetriesPerRequest: null })
    this.redis.on('error', () => {})
    const store = ioredisStore(this.redis)
    const remembering = near && nearCache(store, near)
    this.#near = remembering
    this.sessions = createSessions<Data>({
      store: remembering ?? store,
      onEvent: (event) => this.events.push(event),
      ...options,
    })
    this.#server = createServer(createApp(this.sessions, { lazy }))
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await Promise.all([once(this.#server, 'listening'), once(this.redis, 'ready')])
    this.#address = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    this.#near?.close()
    this.redis.disconnect()
  }

  /** Sends a request; answers its status, its body and its Set-Cookie headers. */
  async get(path: string, cookie?: string): Promise<Answer> {
    const options = { agent: this.#agent, headers: cookie ? { cookie } : {} }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(this.#address + path, options, resolve).once('error', reject)
    })
    const body = await text(response)
    const setCookies = response.headers['set-cookie'] ?? []
    return {
      status: response.statusCode ?? 0,
      text: body,
      body: parse(body),
      setCookies,
      cookie: setCookies[0]?.split(';')[0],
    }
  }

  /** The cookie of a new session that holds `start`, of a logged-in user if an owner is given. */
  async start(owner?: string): Promise<string> {
    const { cookie } = await this.get(owner ? `/login?owner=${owner}` : '/write?key=start')
    if (!cookie) throw new Error('No session was started.')
    return cookie
  }
}

export interface Answer {
  status: number
  text: string
  body: Record<string, unknown>
  setCookies: string[]
  /** What the browser would send next time; empty after a logout. */
  cookie: string | undefined
}

function expressApp(sessions: Sessions<Data>, { lazy }: { lazy: boolean }): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.get('/health', (_req, res) => void res.send('ok'))
  app.use(session(sessions, { lazy }))
  for (const [name, handler] of Object.entries(handlers)) app.get(`/${name}`, handler)
  app.get('/logout-elsewhere', async (req, res) => {
    const session = await getSession<Data>(req)
    res.json({ ended: await sessions.destroyByOwner(String(session.owner), { except: session }) })
  })
  app.use(answerError)
  return app
}

const query = (req: express.Request, name: string) => String(req.query[name] ?? '')

/** Between loading the session and using it, as a slow handler would. */
const pause = (req: express.Request) => (req.query.ms ? sleep(Number(req.query.ms)) : undefined)

const handlers: Record<string, RequestHandler> = {
  ignore: (_req, res) => void res.json({}),
  async read(req, res) {
    const { data, isNew, owner = null } = await getSession<Data>(req, { fresh: 'fresh' in req.query })
    const found = { isNew, owner, data: { ...data } }
    await pause(req)
    res.json(found)
  },
  async write(req, res) {
    const { data } = await getSession<Data>(req)
    await pause(req)
    data[query(req, 'key')] = true
    res.json({})
  },
  async count(req, res) {
    const session = await getSession<Data>(req)
    await pause(req)
    const n = await session.update((data) => {
      data.n = ((data.n as number) ?? 0) + 1
      return data.n
    })
    res.json({ n })
  },
  async login(req, res) {
    const session = await getSession<Data>(req)
    await pause(req)
    await session.authenticate(query(req, 'owner'))
    session.data.start = true
    res.json({})
  },
  async rotate(req, res) {
    const session = await getSession<Data>(req)
    await session.rotate()
    res.json({})
  },
  async logout(req, res) {
    res.json({ ended: await destroySession(req) })
  },
}

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.statusCode ?? 500).json({ code: error.code ?? 'UNEXPECTED' })
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
