import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import type { SessionEvent, SessionStore } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import session from 'express-session'
import Fastify from 'fastify'
import Koa from 'koa'
import koaSession from 'koa-session'
import { afterEach, describe, expect, test } from 'vitest'
import { expressSessionStore, fastifySessionStore, koaSessionStore } from './index.ts'

/** What a request does, in each library's own dress. */
interface Held {
  data: Record<string, unknown>
  save(): Promise<unknown>
  end(): Promise<unknown>
  renew(): Promise<unknown>
}
type Handler = (held: Held) => Promise<unknown> | unknown
type Serve = (store: SessionStore, handlers: Map<string, Handler>, events: SessionEvent[]) => Promise<Server>

const secret = 'a secret of at least thirty-two signs'
const promised = (call: (done: (error?: unknown) => void) => unknown) =>
  new Promise<void>((resolve, reject) => call((error) => (error ? reject(error) : resolve())))

const listening = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const libraries: Record<string, Serve> = {
  'express-session': async (store, handlers, events) => {
    const middleware = session({
      ...{ secret, resave: false, saveUninitialized: false },
      store: expressSessionStore(session.Store, store, { onEvent: (event) => events.push(event) }),
    })
    return listening((req, res) => {
      const request = req as unknown as Parameters<typeof middleware>[0]
      middleware(request, res as never, async (error) => {
        // express-session tells of a failed save after the response.
        if (res.headersSent) return
        if (error) return res.writeHead(500).end()
        const held: Held = {
          get data() {
            return request.session as unknown as Record<string, unknown>
          },
          save: () => promised((done) => request.session.save(done)),
          end: () => promised((done) => request.session.destroy(done)),
          renew: () => promised((done) => request.session.regenerate(done)),
        }
        const answer = await handlers.get(req.url ?? '')?.(held)
        res.end(JSON.stringify(answer ?? null))
      })
    })
  },
  'koa-session': async (store, handlers, events) => {
    const app = new Koa({ keys: [secret] })
    app.silent = true
    app.use(
      koaSession({ store: koaSessionStore(store, { onEvent: (event) => events.push(event) }) as never }, app),
    )
    app.use(async (ctx) => {
      const held: Held = {
        get data() {
          return ctx.session as unknown as Record<string, unknown>
        },
        save: async () => ctx.session?.save(),
        end: async () => {
          ctx.session = null
        },
        renew: async () => ctx.session?.regenerate(),
      }
      ctx.body = JSON.stringify((await handlers.get(ctx.path)?.(held)) ?? null)
    })
    return listening(app.callback())
  },
  '@fastify/session': async (store, handlers, events) => {
    const app = Fastify()
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      ...{ secret, cookie: { secure: false }, rolling: false, saveUninitialized: false },
      store: fastifySessionStore(store, { onEvent: (event) => events.push(event) }) as never,
    })
    app.get('/*', async (request) => {
      const held: Held = {
        get data() {
          return request.session as unknown as Record<string, unknown>
        },
        save: () => request.session.save(),
        end: () => request.session.destroy(),
        renew: () => request.session.regenerate(),
      }
      return JSON.stringify((await handlers.get(request.url)?.(held)) ?? null)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function start(serve: Serve, store: SessionStore = memoryStore()) {
  const handlers = new Map<string, Handler>()
  const events: SessionEvent[] = []
  const server = await serve(store, handlers, events)
  servers.push(server)
  const { port } = server.address() as AddressInfo
  let count = 0
  /** One request, whose handler is given; the browser keeps its cookies in `jar`. */
  const request = async (jar: Map<string, string>, handler: Handler) => {
    const path = `/${count++}`
    handlers.set(path, handler)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
      jar.set(name, value)
    }
    return response.status === 200 ? JSON.parse(await response.text()) : response.status
  }
  return { request, events, store }
}

/** A request that waits in its handler until it is let go. */
function slow(handler: Handler) {
  let go = () => {}
  let arrived = () => {}
  const hasArrived = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  return {
    hasArrived,
    go: () => go(),
    handler: async (held: Held) => {
      void held.data.start
      arrived()
      await gate
      return handler(held)
    },
  }
}

const data = ({ data: { start, a, b, c, list } }: Held) => ({ start, a, b, c, list })

describe.each(Object.entries(libraries))('a Tegata store under %s', (name, serve) => {
  test('keeps what a session holds', async () => {
    const { request } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => Object.assign(data, { start: 1, list: [{ n: 1 }] }) && null)
    expect(await request(jar, data)).toEqual({ start: 1, list: [{ n: 1 }] })
    await request(jar, ({ data }) => (data.list as { n: number }[]).push({ n: 2 }))
    expect(await request(jar, data)).toEqual({ start: 1, list: [{ n: 1 }, { n: 2 }] })
  })

  test('loses no write of requests that run at once', async () => {
    const { request, events } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    const writes = ['a', 'b', 'c'].map((key) =>
      slow(({ data }) => {
        data[key] = key
      }),
    )
    const running = writes.map(({ handler }) => request(jar, handler))
    await Promise.all(writes.map(({ hasArrived }) => hasArrived))
    for (const { go } of writes) go()
    await Promise.all(running)
    expect(await request(jar, data)).toEqual({ start: 1, a: 'a', b: 'b', c: 'c' })
    expect(events).toEqual([])
  })

  test('keeps what others wrote between two saves of one request', async () => {
    const { request } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    const first = slow(async ({ data, save }) => {
      data.a = 'a'
      await save()
      data.c = 'c'
    })
    const running = request(jar, first.handler)
    await first.hasArrived
    await request(jar, ({ data }) => {
      data.b = 'b'
    })
    first.go()
    await running
    expect(await request(jar, data)).toEqual({ start: 1, a: 'a', b: 'b', c: 'c' })
  })

  test.each<[string, Handler]>([
    ['logged out', ({ end }) => end()],
    ['moved to another id', ({ renew }) => renew()],
  ])('does not bring a session back that was %s while a request wrote to it', async (_, end) => {
    const { request, events } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    const stolen = new Map(jar)
    const late = slow(({ data }) => {
      data.a = 'late'
    })
    const running = request(new Map(jar), late.handler)
    await late.hasArrived
    await request(jar, end)
    late.go()
    await running
    expect(await request(stolen, data)).not.toMatchObject({ start: 1 })
    expect(events).toMatchObject([{ type: 'interrupted', keys: ['a'] }])
  })

  test('is not given data that could not be read again', async () => {
    const { request } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    const form = ({ data }: Held) => {
      data.form = JSON.parse('{"__proto__":{"admin":true}}')
    }
    await request(jar, form).catch(() => {})
    expect(await request(jar, data)).toEqual({ start: 1 })
  })

  test('fails within its time when the store hangs', async () => {
    const store = memoryStore()
    const { request } = await start(serve, {
      ...{ name: 'hanging', supports: store.supports },
      ...{ create: store.create, replace: store.replace, rotate: store.rotate },
      ...{ touch: store.touch, destroy: store.destroy },
      read: () => new Promise(() => {}),
    })
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    expect(await request(jar, data)).toBe(name === 'express-session' ? 500 : 503)
  })

  test('answers what is stored and is no session with an error, and leaves it there', async () => {
    const { request, store } = await start(serve)
    const jar = new Map<string, string>()
    await request(jar, ({ data }) => {
      data.start = 1
    })
    const keys: string[] = []
    for await (const key of (store as unknown as { keys(prefix: string): AsyncIterable<string> }).keys(''))
      keys.push(key)
    const [key = ''] = keys
    const bytes = new TextEncoder().encode('["no session"]')
    await store.replace(key, bytes, Date.now() + 60_000)
    expect(await request(jar, data)).toBe(500)
    expect(await store.read(key)).toMatchObject({ value: bytes })
  })
})

describe('one request of koa-session', () => {
  const begin = async (store: SessionStore, storeTimeout = 5) => {
    const bridge = koaSessionStore(store, { storeTimeout })
    await bridge.set('one', { a: 1 })
    const ctx = {}
    await bridge.get('one', undefined, { ctx })
    return { bridge, ctx }
  }

  test('may start another session after its own ended under it', async () => {
    const { bridge, ctx } = await begin(memoryStore())
    await bridge.destroy('one')
    await bridge.set('one', { a: 2 }, undefined, { ctx })
    await bridge.set('two', { user: 'ann' }, undefined, { ctx })
    expect(await bridge.get('one')).toBeNull()
    expect(await bridge.get('two')).toEqual({ user: 'ann' })
  })

  test('fails, and drops nothing in silence, when others are faster until its time is over', async () => {
    const store = memoryStore()
    let writers = 0
    const busy: SessionStore = {
      ...{ name: 'busy', supports: store.supports, read: store.read, create: store.create },
      ...{ rotate: store.rotate, touch: store.touch, destroy: store.destroy },
      async replace(...args) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        const other = new TextEncoder().encode(JSON.stringify({ a: 1, other: writers++ }))
        await store.replace('one', other, Date.now() + 60_000)
        return store.replace(...args)
      },
    }
    const { bridge, ctx } = await begin(busy, 0.05)
    await expect(bridge.set('one', { a: 1, b: 2 }, undefined, { ctx })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })

  test.each<[string, (store: SessionStore) => SessionStore, boolean]>([
    [
      'whose key is taken',
      (store) => ({ ...store, create: () => later(false), replace: () => later({ outcome: 'replaced' }) }),
      false,
    ],
    [
      'that others write',
      (store) => ({
        ...store,
        replace: () => later({ outcome: 'conflict', value: new TextEncoder().encode('{"a":3}') }),
      }),
      true,
    ],
  ])('takes its time once for a save %s', async (_, slowed, isLoaded) => {
    const store = memoryStore()
    const verbs = { ...store, name: 'slow', supports: store.supports } as SessionStore
    const { bridge, ctx } = await begin(verbs)
    const loaded = koaSessionStore(slowed(verbs), { storeTimeout: 0.15 })
    await bridge.get('one', undefined, { ctx })
    if (isLoaded) await loaded.get('one', undefined, { ctx })
    const before = performance.now()
    const saving = loaded.set('one', { a: 2 }, undefined, isLoaded ? { ctx } : {})
    await expect(saving).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(performance.now() - before).toBeLessThan(190)
  })
})

const later = <T>(answer: T) => new Promise<T>((resolve) => setTimeout(resolve, 100, answer))
