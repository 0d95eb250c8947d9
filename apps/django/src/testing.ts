import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Expiry, Session } from '@tegata/core'
import { destroySession, getSession, session } from '@tegata/express'
import {
  addDjangoMessage,
  type DjangoSessions,
  type DjangoSettings,
  djangoCsrfToken,
  djangoLogin,
  djangoLogout,
  djangoSessions,
  djangoUser,
  takeDjangoMessages,
  verifyDjangoAuth,
} from '@tegata/format-django'
import { DjangoServer, type RedisServer } from '@tegata/test-servers'
import express, { type ErrorRequestHandler, type Request } from 'express'

export const SECRET = 'a secret that Node has to know as well'
const script = fileURLToPath(new URL('../site/site.py', import.meta.url))

/** A TTL in milliseconds that was so many seconds a moment ago. */
export const seconds = (count: number) => ({
  asymmetricMatch: (ttl: number) => ttl <= count * 1000 && ttl > (count - SLACK) * 1000,
  toString: () => `${count} s`,
})

/** Between a write and the look at its TTL, on a machine with other things to do. */
const SLACK = 5

export type Data = Record<string, unknown>

/** A browser's cookies, whichever side sets them: both sides lie on one host. */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** Of the last response that had one for `sessionid`. */
  setCookie: string | undefined

  async send(url: string, method: string, path: string, body?: unknown) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const isForm = body instanceof URLSearchParams
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie && { cookie }),
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    this.setCookie = undefined
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? []
      if (name === 'sessionid') this.setCookie = line
      if (/Max-Age=(0|-\d+);?/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    }
  }

  get id(): string | undefined {
    return this.cookies.get('sessionid')
  }
}

/** A Django site and a Node app of the same settings over one Redis, and a browser that uses both. */
export class Pair {
  readonly redis: RedisServer
  readonly sessions: DjangoSessions<Data>
  readonly browser = new Browser()
  readonly #django: DjangoServer
  readonly #server: Server
  readonly #node: string

  private constructor(
    redis: RedisServer,
    sessions: DjangoSessions<Data>,
    django: DjangoServer,
    server: Server,
  ) {
    this.redis = redis
    this.sessions = sessions
    this.#django = django
    this.#server = server
    this.#node = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(
    redis: RedisServer,
    env: Record<string, string> = {},
    settings: DjangoSettings = {},
  ): Promise<Pair> {
    const url = `${redis.url}/1`
    const django = await DjangoServer.start(script, {
      REDIS_URL: url,
      PORT: '0',
      SECRET_KEY: SECRET,
      TEST_API: '1',
      ...env,
    })
    const sessions = djangoSessions<Data>({ url, settings })
    const server = createApp(sessions).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Pair(redis, sessions, django, server)
  }

  /** What the site says, as JSON. */
  async django(action: string, body?: unknown) {
    const method = body === undefined ? 'GET' : 'POST'
    return (await this.browser.send(this.#django.url, method, `/django/api/${action}`, body)).json
  }

  page(method: string, path: string, body?: unknown) {
    return this.browser.send(this.#django.url, method, path, body)
  }

  async node(action: string, body?: unknown) {
    return (await this.respond(action, body)).json
  }

  respond(action: string, body?: unknown) {
    return this.browser.send(this.#node, body === undefined ? 'GET' : 'POST', `/${action}`, body)
  }

  /** A second one, that holds the same cookies. */
  fork(): Browser {
    const other = new Browser()
    for (const [name, value] of this.browser.cookies) other.cookies.set(name, value)
    return other
  }

  nodeWith(browser: Browser, action: string, body?: unknown) {
    return browser.send(this.#node, body === undefined ? 'GET' : 'POST', `/${action}`, body)
  }

  djangoWith(browser: Browser, action: string, body?: unknown) {
    return browser.send(this.#django.url, body === undefined ? 'GET' : 'POST', `/django/api/${action}`, body)
  }

  get key(): string {
    return `:1:django.contrib.sessions.cache${this.browser.id}`
  }

  /** Milliseconds. */
  async pttl(): Promise<number> {
    return Number(await this.redis.cli('-n', '1', 'PTTL', this.key))
  }

  exists(key: string): Promise<boolean> {
    return this.redis.cli('-n', '1', 'EXISTS', key).then((answer) => answer === '1')
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await this.sessions.close()
    await this.#django.stop()
  }
}

/** The Node side of the tests: one route for each thing that a handler may do. */
function createApp(sessions: DjangoSessions<Data>) {
  const app = express()
  app.use(express.json())
  app.use(session(sessions))
  const route = (path: string, handle: (session: Session<Data>, body: Data, req: Request) => unknown) =>
    app.all(path, async (req, res) => {
      const current = await getSession<Data>(req)
      const answer = await handle(current, req.body ?? {}, req)
      res.json(answer ?? describe(await getSession<Data>(req)))
    })

  route('/session', () => undefined)
  app.get('/anonymous', (_req, res) => res.json({}))
  route('/put', ({ data }, body) => void Object.assign(data, body))
  route('/put-deep', ({ data }, { apples }) => {
    const cart = data.cart as Data
    cart.apples = apples
  })
  route('/count', (current) =>
    current.update((data) => {
      data.n = Number(data.n ?? 0) + 1
    }),
  )
  route('/slow', async ({ data }, { key, ms }) => {
    data[String(key)] = 'from Node'
    await new Promise((resolve) => setTimeout(resolve, Number(ms)))
  })
  route('/expire', (current, { seconds, date }) =>
    current.setExpiry(date === undefined ? (seconds as Expiry) : new Date(String(date))),
  )
  route('/rotate', (current) => current.rotate())
  route('/login', (current, { id, password }) =>
    djangoLogin(current, { id: String(id), password: String(password), secret: SECRET }),
  )
  route('/logout', (current) => djangoLogout(current).then(() => ({})))
  app.post('/destroy', async (req, res) => res.json({ ended: await destroySession(req) }))
  route('/verify', async (current, { password, secrets }) => ({
    holds: await verifyDjangoAuth(current, String(password), secrets as string[]),
  }))
  route('/csrf', (current) => ({ token: djangoCsrfToken(current) }))
  route('/notify', (current, { text, tags }) =>
    addDjangoMessage(current, { message: String(text), extraTags: tags as string | undefined }),
  )
  route('/shown', (current) => ({ messages: takeDjangoMessages(current) }))

  const answerError: ErrorRequestHandler = (error, _req, res, _next) =>
    void res.status(error.status ?? 500).json({ code: error.code ?? String(error) })
  app.use(answerError)
  return app
}

const describe = (current: Session<Data>) => ({
  id: current.id,
  user: djangoUser(current)?.id ?? null,
  owner: current.owner ?? null,
  expiry: current.expiry ?? null,
  data: current.data,
})
