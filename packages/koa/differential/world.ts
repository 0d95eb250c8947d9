import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import Koa, { type Context } from 'koa'
import koaSession from 'koa-session'
import { keygripTransport, session } from '../src/index.ts'
import { listen, take } from '../src/testing.ts'
import { type Operation, type Options, perform, type Step } from './operations.ts'

const KEYS = ['new key', 'old key']
const DAY = 86_400_000
/** koa-session lets its store keep a session a little longer than the cookie. */
const GRACE = 10_000

/** What a client, and somebody who looks into the store, can tell of one request. */
export interface Observed {
  status: number
  body: unknown
  /** By name: `'clear'`, or `'same'` or `'new'` (the value) with its milliseconds to live. */
  cookies: Record<string, string>
  attributes: string[]
  headers: string[]
  /** The header that `externalKey` uses. */
  key: 'none' | 'same' | 'new' | 'ended'
  /** What the handler saw. */
  seen: unknown[]
  /** Each session's data and seconds to live. */
  stored: string[]
}

interface Server {
  app: Koa
  stored(): Promise<[data: unknown, expiresAt: number][]>
}

/** koa-session itself, over a store as one makes it of ioredis: JSON with a deadline. */
function reference({ maxAge, ...options }: Options): Server {
  const entries = new Map<string, { text: string; expiresAt: number }>()
  const app = new Koa()
  const hooks = hooksOf(options)
  const store = {
    async get(key: string) {
      const entry = entries.get(key)
      if (!entry || entry.expiresAt <= Date.now()) return undefined
      return JSON.parse(entry.text)
    },
    async set(key: string, value: unknown, ttl: number | 'session') {
      // For 'session' a store has to know itself.
      const ms = typeof ttl === 'number' ? ttl : (typeof maxAge === 'number' ? maxAge : DAY) + GRACE
      entries.set(key, { text: JSON.stringify(value), expiresAt: Date.now() + ms })
    },
    async destroy(key: string) {
      entries.delete(key)
    },
  }
  app.use(koaSession({ store, ...(maxAge === undefined ? {} : { maxAge }), ...hooks } as never, app))
  return {
    app,
    async stored() {
      return [...entries.values()]
        .map(({ text, expiresAt }): [unknown, number] => [withoutOwn(JSON.parse(text)), expiresAt - GRACE])
        .filter(([, expiresAt]) => expiresAt > Date.now())
    },
  }
}

function ours({ maxAge = DAY, ...options }: Options): Server {
  const store = memoryStore()
  const app = new Koa()
  const sessions = createSessions({
    store,
    idleTimeout: (maxAge === 'session' ? DAY : maxAge) / 1000,
    absoluteTimeout: false,
    cookie: { name: 'koa.sess', deadline: 'idle', persistent: maxAge !== 'session' },
    transport: keygripTransport({ keys: KEYS }),
  })
  app.use(session(sessions, app, hooksOf(options)))
  const fields = { idle: [0, 0], until: [0, 0] } as const
  return {
    app,
    async stored() {
      const found: [unknown, number][] = []
      for await (const key of store.keys('')) {
        // With an extension that moves nothing: the answer has the deadline.
        const read = await store.read(key, {
          extend: { fields, now: Date.now(), touchAfter: Number.POSITIVE_INFINITY },
        })
        if (read === null || read instanceof Error) continue
        const [, data] = JSON.parse(new TextDecoder().decode(read.value))
        if (data !== 'ended') found.push([data, read.expiresAt as number])
      }
      return found
    },
  }
}

function hooksOf({ externalKey, stamps, refuses, ...flags }: Omit<Options, 'maxAge'>) {
  return {
    ...flags,
    ...(externalKey && {
      externalKey: {
        get: (ctx: unknown) => (ctx as Context).get('x-key'),
        set: (ctx: unknown, key: string) => (ctx as Context).set('x-key', key),
      },
    }),
    ...(stamps && {
      beforeSave: (_: unknown, one: Record<string, unknown>) => {
        one.stamp = 1
      },
    }),
    ...(refuses && { valid: (_: unknown, data: Record<string, unknown>) => data.a !== 0 }),
  }
}

/** Names with an underscore are koa-session's own. */
const withoutOwn = (data: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith('_')))

/** One of the two servers, and a browser that has its cookies. */
export class World {
  readonly #server: Server
  readonly #address: Promise<string>
  readonly #jars: Map<string, string>[] = [new Map()]
  #key: string | undefined
  #operations: readonly Operation[] = []
  #seen: unknown[] = []

  constructor(kind: 'koa-session' | 'ours', options: Options) {
    this.#server = (kind === 'ours' ? ours : reference)(options)
    const { app } = this.#server
    app.keys = KEYS
    app.silent = true
    app.use(async (ctx) => {
      await perform(ctx as never, this.#operations, this.#seen)
      ctx.body = { ...ctx.session?.toJSON() }
    })
    this.#address = listen(app)
  }

  async step({ operations, brings }: Step): Promise<Observed> {
    this.#operations = operations
    this.#seen = []
    const last = this.#jars.at(-1) as Map<string, string>
    const jar = new Map(brings === 'nothing' ? [] : brings === 'older' ? this.#jars.at(-2) : last)
    if (brings === 'forged' && jar.has('koa.sess')) jar.set('koa.sess.sig', 'x'.repeat(27))
    const headers: Record<string, string> = {}
    if (jar.size > 0) headers.cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    if (this.#key && brings !== 'nothing') headers['x-key'] = this.#key

    const response = await fetch(await this.#address, { headers })
    const text = await response.text()
    const now = Date.now()
    const cookies: Observed['cookies'] = {}
    const attributes = new Set<string>()
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...rest] = cookie.split(/; */)
      const [name = '', value = ''] = pair.split('=')
      const expires = rest.find((one) => /^expires=/i.test(one))?.slice(8)
      if (expires && new Date(expires).getTime() <= now) cookies[name] = 'clear'
      else {
        const kind = value === last.get(name) ? 'same' : 'new'
        cookies[name] = `${kind} ${expires ? seconds(new Date(expires).getTime() - now) : 'browser'}`
      }
      for (const one of rest) if (!/^expires=/i.test(one)) attributes.add(one.toLowerCase())
    }
    // What is old or forged comes from elsewhere, and what it is answered goes there.
    if (brings === 'everything' || brings === 'nothing') {
      const next = new Map(jar)
      for (const cookie of response.headers.getSetCookie()) take(next, cookie)
      this.#jars.push(next)
    }
    const key = response.headers.get('x-key') ?? undefined
    const kind = key === undefined ? 'none' : key === '' ? 'ended' : key === this.#key ? 'same' : 'new'
    this.#key = key ?? this.#key
    return {
      status: response.status,
      body: response.ok ? JSON.parse(text) : text,
      cookies,
      attributes: [...attributes].sort(),
      headers: ['vary', 'cache-control'].filter((name) => response.headers.has(name)),
      key: kind,
      seen: this.#seen,
      stored: (await this.#server.stored())
        .map(([data, expiresAt]) => `${sorted(data)} ${seconds(expiresAt - now)}`)
        .sort(),
    }
  }
}

const seconds = (ms: number) => Math.round(ms / 1000)
const sorted = (data: unknown) => JSON.stringify(Object.entries(data as object).sort())
