import { createHmac } from 'node:crypto'
import { promisify } from 'node:util'
import { type SessionStore, type StoredValue, StoreUnavailableError } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { afterEach, describe, expect, test, vi } from 'vitest'
import session from './index.ts'
import { CookieSigner } from './signed-cookie.ts'
import {
  attributesOf,
  cookieOf,
  type Handler,
  idOf,
  type Server,
  type Setup,
  serve as serveOne,
} from './testing.ts'

const servers: Server[] = []

async function serve(setup: Setup): Promise<Server> {
  const options = { resave: false, saveUninitialized: false, ...setup.options }
  const server = await serveOne({ ...setup, options })
  servers.push(server)
  return server
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  vi.restoreAllMocks()
})

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const code = (value: string) => expect.objectContaining({ code: value })

/** A door that requests wait at until it is opened. */
function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let arrive = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  return { opened, open: () => open(), arrived, arrive: () => arrive() }
}

const stores: [string, () => object][] = [
  ['a Tegata store', () => memoryStore()],
  ['a store made for express-session', () => new session.MemoryStore()],
]

describe.each(stores)('With %s', (kind, createStore) => {
  test.each([false, true])(
    '%s for resave: fifty requests at the same time keep each other’s changes',
    async (resave) => {
      const { get } = await serve({
        options: { store: createStore(), resave },
        handler: async (req, res) => {
          if (req.url === '/read') return res.end(String(Object.keys(req.session).length - 1))
          req.session[req.url] = true
          await later(5)
          res.end()
        },
      })
      const cookie = cookieOf(await get('/first'))
      await Promise.all(Array.from({ length: 50 }, (_, i) => get(`/${i}`, cookie)))
      expect((await get('/read', cookie)).body).toBe('51')
    },
  )

  test.each([
    ['a write', { resave: false }],
    ['a read with resave', { resave: true }],
    ['a read that only touches', { resave: false, rolling: true }],
  ])('%s that was under way brings no ended session back, nor its cookie', async (what, options) => {
    const gate = createGate()
    const { get } = await serve({
      options: { store: createStore(), ...options },
      handler: async (req, res) => {
        if (req.url === '/logout') return req.session.destroy(() => res.end())
        if (req.url === '/login') req.session.user = 'bob'
        if (req.url === '/slow') {
          if (what === 'a write') req.session.more = true
          else req.session.user
          gate.arrive()
          await gate.opened
        }
        res.end(String(req.session.user))
      },
    })
    const cookie = cookieOf(await get('/login'))
    const slow = get('/slow', cookie)
    await gate.arrived
    await get('/logout', cookie)
    gate.open()
    const answer = await slow
    // A touch of a connect store tells nothing; it revives nothing either.
    const isTold = kind === 'a Tegata store' || !what.includes('touches')
    expect([answer.status, answer.body, answer.cookies.length]).toEqual([200, 'bob', isTold ? 0 : 1])
    expect((await get('/', cookie)).body).toBe('undefined')
  })

  test('something else in the place of `req.session` fails its own response', async () => {
    const { get } = await serve({
      options: { store: createStore(), saveUninitialized: false },
      handler: (req, res) => {
        if (req.url === '/bare') req.session = { user: 'bob' }
        else if (req.url === '/text') req.session = 'bob'
        else delete req.session.cookie
        res.end()
      },
    })
    for (const path of ['/bare', '/text', '/']) {
      expect(await get(path)).toMatchObject({ status: 500, cookies: [] })
    }
  })

  test('an explicit save of an ended session says so, and stores nothing', async () => {
    const { get } = await serve({
      options: { store: createStore() },
      handler: async (req, res) => {
        if (req.url === '/login') req.session.user = 'bob'
        if (req.url !== '/end') return res.end(String(req.session.user))
        const before = req.session
        await before.regenerate()
        const error = await before.save().catch((failure: Error) => failure)
        res.end(String(error.code))
      },
    })
    const cookie = cookieOf(await get('/login'))
    expect((await get('/end', cookie)).body).toBe('SESSION_INTERRUPTED')
    expect((await get('/', cookie)).body).toBe('undefined')
  })

  test('a large session keeps what was changed in it, at any depth, and is not written for being read', async () => {
    const writes: string[] = []
    const store = createStore() as Record<string, (...args: unknown[]) => unknown>
    for (const verb of ['set', 'replace'] as const) {
      const write = store[verb]
      if (!write) continue
      store[verb] = (...args) => {
        writes.push(verb)
        return write.apply(store, args)
      }
    }
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        const { session: own } = req
        if (req.url === '/fill')
          Object.assign(own, { pad: 'x'.repeat(5000), deep: { list: [{ n: 1 }] }, gone: 1 })
        if (req.url === '/deep') own.deep.list[0].n++
        if (req.url === '/delete') delete own.gone
        res.end(JSON.stringify([own.pad?.length, own.deep?.list, own.gone]))
      },
    })
    const cookie = cookieOf(await get('/fill'))
    writes.length = 0
    expect((await get('/', cookie)).body).toBe('[5000,[{"n":1}],1]')
    expect(writes).toEqual([])
    await get('/deep', cookie)
    await get('/delete', cookie)
    expect(writes).toHaveLength(2)
    expect((await get('/', cookie)).body).toBe('[5000,[{"n":2}],null]')
  })

  test('a session that began in this request merges like any other', async () => {
    const { get } = await serve({
      options: { store: createStore() },
      handler: async (req, res) => {
        if (req.url !== '/start') {
          req.session.other = true
          return res.end(JSON.stringify([req.session.a, req.session.b, req.session.other]))
        }
        req.session.a = 1
        await req.session.save()
        await other.get('/other', cookieFrom(req.sessionID))
        req.session.b = 2
        res.end()
      },
    })
    const other = { get }
    const cookieFrom = (id: string) =>
      `connect.sid=s:${id}.${createHmac('sha256', 'keyboard cat').update(id).digest('base64').replace(/=+$/, '')}`
    expect((await get('/read', cookieOf(await get('/start')))).body).toBe('[1,2,true]')
  })

  test('another login is never merged into', async () => {
    const gate = createGate()
    const { get } = await serve({
      options: { store: createStore() },
      handler: async (req, res) => {
        if (req.url === '/login') req.session.passport = { user: 'eve' }
        if (req.url === '/first') req.session.passport = { user: 'bob' }
        if (req.url === '/slow') {
          req.session.secret = 'of bob'
          gate.arrive()
          await gate.opened
        }
        res.end(JSON.stringify([req.session.passport, req.session.secret]))
      },
    })
    const cookie = cookieOf(await get('/first'))
    const slow = get('/slow', cookie)
    await gate.arrived
    await get('/login', cookie)
    gate.open()
    await slow
    expect((await get('/', cookie)).body).toBe('[{"user":"eve"},null]')
  })

  test('logout takes the cookie back with its own attributes, and only from who sent it', async () => {
    const { get } = await serve({
      options: {
        store: createStore(),
        cookie: { path: '/', domain: 'example.com', sameSite: 'strict', maxAge: 60_000 },
      },
      handler: (req, res) => {
        if (req.url === '/logout') return req.session.destroy(() => res.end())
        req.session.user = 'bob'
        res.end()
      },
    })
    const cookie = cookieOf(await get('/'))
    const logout = await get('/logout', cookie)
    expect(attributesOf(logout)).toEqual({
      ...{ 'connect.sid': '', domain: 'example.com', path: '/', httponly: true, samesite: 'Strict' },
      expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
    })
    expect((await get('/logout')).cookies).toEqual([])
    // It names nothing any more, and this request ended nothing.
    expect((await get('/logout', cookie)).cookies).toEqual([])
  })

  test('a redirect never outruns its session', async () => {
    const { get } = await serve({
      options: { store: createStore() },
      handler: (req, res) => {
        if (req.url !== '/login') return res.end(String(req.session.user))
        req.session.user = 'bob'
        res.writeHead(302, { Location: '/' })
        res.end()
      },
    })
    expect((await get('/', cookieOf(await get('/login')))).body).toBe('bob')
  })

  test('methods answer promises to who passes no callback', async () => {
    const { get } = await serve({
      options: { store: createStore() },
      handler: async (req, res) => {
        const { id } = req.session
        req.session.a = 1
        await req.session.save()
        req.session.a = 2
        await req.session.reload()
        const { a } = req.session
        await req.session.regenerate()
        const isOther = req.session.id !== id
        await req.session.destroy()
        res.end(JSON.stringify([a, isOther, typeof req.session]))
      },
    })
    expect((await get()).body).toBe('[1,true,"undefined"]')
  })

  test('a call that nobody waits for is waited for by the response', async () => {
    const { get } = await serve({
      options: { store: createStore() },
      handler: (req, res) => {
        if (req.url === '/logout') req.session.destroy()
        else if (req.url === '/login') {
          req.session.user = 'bob'
          req.session.save()
        }
        res.end(String(req.session?.user))
      },
    })
    const cookie = cookieOf(await get('/login'))
    expect((await get('/', cookie)).body).toBe('bob')
    expect((await get('/logout', cookie)).cookies).toHaveLength(1)
    expect((await get('/', cookie)).body).toBe('undefined')
  })

  test.each([false, true])(
    'a logout that nobody waits for is answered for where the middleware is called again (failing: %s)',
    async (isFailing) => {
      const store = createStore() as { destroy(...args: unknown[]): unknown }
      const middleware = session({
        ...{ store: store as never, secret: 'keyboard cat', resave: false, saveUninitialized: false },
      })
      const { get } = await serve({
        create: () => middleware,
        handler: (req, res) => {
          if (req.url === '/login') req.session.user = 'bob'
          if (req.url === '/login') return res.end()
          req.session.destroy()
          middleware(req, res, () => res.end())
        },
      })
      const cookie = cookieOf(await get('/login'))
      if (isFailing) {
        store.destroy = (...args: unknown[]) => {
          const error = new StoreUnavailableError('down')
          const done = args.at(-1)
          if (typeof done === 'function') setImmediate(done as (cause: Error) => void, error)
          return Promise.reject(error)
        }
      }
      const { status, cookies } = await get('/logout', cookie)
      const ended = { status: 200, cookies: [expect.stringMatching('connect.sid=;')] }
      expect({ status, cookies }).toEqual(isFailing ? { status: 503, cookies: [] } : ended)
    },
  )

  test('a middleware of the other build takes over from one that has no session any more', async () => {
    vi.resetModules()
    const { default: other } = await import('./index.ts')
    const options = { store: createStore() as never, secret: 'keyboard cat', saveUninitialized: false }
    const second = other({ ...options, resave: false })
    const { get } = await serve({
      create: () => session({ ...options, resave: false }),
      handler: (req, res) => {
        if (req.url === '/login') req.session.user = 'bob'
        if (req.url === '/login') return res.end()
        req.session.destroy()
        second(req, res, () => {
          req.session.user = 'ann'
          res.end()
        })
      },
    })
    const { status, cookies } = await get('/logout', cookieOf(await get('/login')))
    expect({ status, cookies }).toEqual({ status: 200, cookies: [expect.stringMatching('connect.sid=s')] })
  })

  test('`conditional: false` lets the last save win, as elsewhere', async () => {
    const gate = createGate()
    const { get } = await serve({
      options: { store: createStore(), tegata: { conditional: false } },
      handler: async (req, res) => {
        if (req.url === '/slow') {
          req.session.slow = true
          gate.arrive()
          await gate.opened
        }
        if (req.url === '/logout') return req.session.destroy(() => res.end())
        if (req.url === '/first') req.session.first = true
        res.end(JSON.stringify([req.session.first, req.session.slow]))
      },
    })
    const cookie = cookieOf(await get('/first'))
    const slow = get('/slow', cookie)
    await gate.arrived
    await get('/logout', cookie)
    gate.open()
    await slow
    expect((await get('/', cookie)).body).toBe('[true,true]')
  })

  test('`clearCookie: false` leaves the cookie', async () => {
    const { get } = await serve({
      options: { store: createStore(), tegata: { clearCookie: false } },
      handler: (req, res) => {
        if (req.url === '/logout') return req.session.destroy(() => res.end())
        req.session.user = 'bob'
        res.end()
      },
    })
    expect((await get('/logout', cookieOf(await get('/')))).cookies).toEqual([])
  })
})

test('Requests that arrived together are taken a step at a time, where they have to wait for the store', async () => {
  const steps: string[] = []
  const store = new session.MemoryStore()
  store.get = (_, done) => {
    steps.push('asked')
    done(null)
  }
  const middleware = session({ secret: 'keyboard cat', store, resave: false, saveUninitialized: false })
  const cookie = `connect.sid=${new CookieSigner(['keyboard cat']).sign('an id')}`
  const take = () =>
    new Promise((next) => {
      const res = { headersSent: false, getHeader: () => undefined }
      middleware({ headers: { cookie }, url: '/' } as never, res as never, next)
      steps.push('taken')
    })
  await Promise.all([take(), take()])
  expect(steps).toEqual(['taken', 'taken', 'asked', 'asked'])
})

describe('A store made for express-session', () => {
  const login: Handler = (req, res) => {
    if (req.url === '/login') req.session.user = 'bob'
    if (req.url === '/again') req.session.again = true
    res.end(String(req.session?.user))
  }

  test.each(['set', 'touch', 'destroy'] as const)(
    'whose %s fails makes the response its own error',
    async (method) => {
      const store = new session.MemoryStore()
      const failure = Object.assign(new Error('boom!'), { status: 507 })
      const { get, late } = await serve({
        options: { store, unset: 'destroy' },
        handler: (req, res) => {
          if (req.url === '/logout') req.session = null
          return login(req, res)
        },
      })
      const cookie = method === 'set' ? '' : cookieOf(await get('/login'))
      store[method] = (...args: unknown[]) => (args.at(-1) as (error: Error) => void)(failure)
      const path = { set: '/login', touch: '/', destroy: '/logout' }[method]
      expect(await get(path, cookie)).toMatchObject({ status: 507, body: 'boom!', cookies: [] })
      expect(late).toEqual([])
    },
  )

  test('that fails is told of after the response with `failUnsaved: false`', async () => {
    const store = new session.MemoryStore()
    store.set = (_id, _session, done) => done?.(new Error('boom!'))
    const { get, late } = await serve({ options: { store, tegata: { failUnsaved: false } }, handler: login })
    expect(await get('/login')).toMatchObject({ status: 200, body: 'bob' })
    await later(20)
    expect(late).toEqual([expect.objectContaining({ message: 'boom!' })])
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('boom!')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom!'))],
  ])('that %s instead of calling back fails the request', async (_, get) => {
    const store = new session.MemoryStore()
    const server = await serve({ options: { store }, handler: login })
    const cookie = cookieOf(await server.get('/login'))
    store.get = get as typeof store.get
    expect(await server.get('/', cookie)).toMatchObject({ status: 500, body: 'boom!' })
  })

  test('that never answers is a 503 in time', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store, tegata: { storeTimeout: 0.05 } }, handler: login })
    const cookie = cookieOf(await get('/login'))
    store.get = () => {}
    expect((await get('/', cookie)).status).toBe(503)
    store.set = () => {}
    expect(await get('/login')).toMatchObject({ status: 503, cookies: [] })
  })

  test('that fails to load has nothing destroyed, whatever `unset` says', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store, unset: 'destroy' }, handler: login })
    const cookie = cookieOf(await get('/login'))
    const { get: read } = store
    store.get = (_, done) => done(new Error('boom!'))
    expect((await get('/', cookie)).status).toBe(500)
    store.get = read
    expect((await get('/', cookie)).body).toBe('bob')
  })

  test('is handed the data as they are, no copies of them', async () => {
    const store = new session.MemoryStore()
    const saved: Record<string, unknown>[] = []
    store.set = (_id, value, done) => {
      saved.push({ ...(value as object) })
      done?.()
    }
    const made = new Map([[1, 2]])
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.session.made = made
        res.end()
      },
    })
    await get()
    expect(saved[0]?.made).toBe(made)
    expect(saved[0]?.cookie).toBeInstanceOf(session.Cookie)
  })

  test.each([
    ['is asked before a loaded session is written', 2],
    ['and is the memory of this process needs no asking', 1],
  ])('that %s', async (_, asked) => {
    const store = new session.MemoryStore()
    const get = vi.spyOn(asked === 2 ? store : session.MemoryStore.prototype, 'get')
    const server = await serve({ options: { store }, handler: login })
    const cookie = cookieOf(await server.get('/login'))
    get.mockClear()
    const set = vi.spyOn(store, 'set')
    await server.get('/again', cookie)
    expect([get.mock.calls.length, set.mock.calls.length]).toEqual([asked, 1])
  })

  test('tells of what was dropped and overwritten in events without ids', async () => {
    const events: Record<string, unknown>[] = []
    const store = new session.MemoryStore()
    const gate = createGate()
    const { get } = await serve({
      options: { store, tegata: { onEvent: (event: never) => events.push(event) } },
      handler: async (req, res) => {
        req.session.value = req.url
        if (req.url === '/slow') {
          gate.arrive()
          await gate.opened
        }
        res.end()
      },
    })
    const first = await get()
    const slow = get('/slow', cookieOf(first))
    await gate.arrived
    await get('/other', cookieOf(first))
    gate.open()
    await slow
    expect(events).toEqual([{ type: 'overwritten', handle: expect.any(String), keys: ['value'] }])
    expect(JSON.stringify(events)).not.toContain(idOf(first))
  })
})

describe('A Tegata store', () => {
  const counting: Handler = (req, res) => {
    if (req.url === '/count') req.session.count = (req.session.count ?? 0) + 1
    if (req.url === '/long') req.session.cookie.maxAge = 3_600_000
    res.end(JSON.stringify([req.session.count, req.session.cookie.originalMaxAge]))
  }

  /** Counts the verbs that a store was asked. */
  function observed(store: SessionStore = memoryStore()) {
    const calls: string[] = []
    const verbs = ['read', 'create', 'replace', 'rotate', 'touch', 'destroy'] as const
    const observer = { name: store.name, supports: store.supports } as Record<string, unknown>
    for (const verb of verbs) {
      const call = store[verb] as (...args: unknown[]) => unknown
      observer[verb] = (...args: unknown[]) => {
        calls.push(verb)
        return call.apply(store, args)
      }
    }
    return { store: observer as never as SessionStore, calls }
  }

  test('holds what connect-redis holds: JSON under `sess:<id>`, the cookie first', async () => {
    const store = memoryStore()
    const { get } = await serve({ options: { store }, handler: counting })
    const first = await get('/count')
    const text = async () => {
      const found = await store.read(`sess:${idOf(first)}`)
      return new TextDecoder().decode((found as { value: Uint8Array }).value)
    }
    const expires = expect.stringMatching(/^2\d{3}-/)
    expect(JSON.parse(await text())).toEqual({
      cookie: { originalMaxAge: 60_000, expires, httpOnly: true, path: '/' },
      count: 1,
    })
    expect(await text()).toMatch(
      /^\{"cookie":\{"originalMaxAge":\d+,"expires":"[^"]+","httpOnly":true,"path":"\/"\},"count":1\}$/,
    )
    await get('/long', cookieOf(first))
    expect(JSON.parse(await text()).cookie.originalMaxAge).toBe(3_600_000)
  })

  test.each([{ resave: false }, { resave: true }, { resave: false, rolling: true }])(
    'counts the idle time of a session from the end of a response in parts, with %j',
    async (given) => {
      const store = memoryStore()
      const { get } = await serve({
        options: { store, ...given },
        handler: async (req, res) => {
          if (req.url === '/start') req.session.user = 'ada'
          res.write('first ')
          await later(1100)
          res.end('last')
        },
      })
      for (const sent of [false, true]) {
        const first = await get('/start')
        const answer = sent ? await get('/', cookieOf(first)) : first
        const { expiresAt } = (await store.read(`sess:${idOf(first)}`)) as StoredValue
        expect(answer.body).toBe('first last')
        expect((expiresAt as number) - Date.now()).toBeGreaterThan(59_500)
      }
    },
  )

  test('that cannot move a deadline at the end of a response in parts leaves that response whole', async () => {
    const store = memoryStore()
    const { get, late } = await serve({
      options: { store },
      handler: async (req, res) => {
        if (req.url === '/count') return counting(req, res)
        res.write('first ')
        vi.spyOn(store, 'touch').mockRejectedValue(new StoreUnavailableError('The store is down.'))
        await later(1100)
        res.end('last')
      },
    })
    expect((await get('/', cookieOf(await get('/count')))).body).toBe('first last')
    await vi.waitFor(() => expect(late).toEqual([code('STORE_UNAVAILABLE')]))
  })

  test('takes another prefix', async () => {
    const store = memoryStore()
    const { get } = await serve({ options: { store, tegata: { prefix: 'app:' } }, handler: counting })
    expect(await store.read(`app:${idOf(await get('/count'))}`)).not.toBeNull()
  })

  test.each([
    ['a session, started', undefined, '/count', {}, ['create']],
    ['nothing put in', undefined, '/', {}, []],
    ['a read', 'cookie', '/', {}, ['read']],
    ['a read, with resave', 'cookie', '/', { resave: true }, ['read']],
    ['a request that ignores its session', 'cookie', '/ignore', {}, ['read']],
    ['the same, with resave', 'cookie', '/ignore', { resave: true }, ['read']],
    ['a read whose response sets the cookie', 'cookie', '/', { rolling: true }, ['read', 'touch']],
    ['a read that takes long', 'cookie', '/slow', {}, ['read', 'touch']],
    ['a write', 'cookie', '/count', {}, ['read', 'replace']],
    ['a changed cookie', 'cookie', '/long', {}, ['read', 'replace']],
    ['a write and a save', 'cookie', '/save', {}, ['read', 'replace']],
  ])('is asked little: %s', async (_, sent, path, given, expected) => {
    const { store, calls } = observed()
    const { get } = await serve({
      options: { store, resave: false, ...given },
      handler: async (req, res) => {
        if (req.url === '/ignore') return res.end()
        // More than 1 % of a minute.
        if (req.url === '/slow') await later(650)
        if (req.url === '/save') {
          req.session.saved = true
          await req.session.save()
        }
        counting(req, res)
      },
    })
    const cookie = sent && cookieOf(await get('/count'))
    calls.length = 0
    await get(path, cookie)
    expect(calls).toEqual(expected)
  })

  test('is asked for no write by a read, however much time passes between two looks at the clock', async () => {
    const { store, calls } = observed()
    const { get } = await serve({ options: { store }, handler: counting })
    const cookie = cookieOf(await get('/count'))
    let time = Date.now()
    vi.spyOn(Date, 'now').mockImplementation(() => ++time)
    calls.length = 0
    expect((await get('/', cookie)).body).toBe('[1,60000]')
    expect(calls).toEqual(['read'])
  })

  test.each([
    ['its own `maxAge`', '/long', (text: string) => text, 3_600_000],
    ['the middleware’s', '/', (text: string) => text, 60_000],
    ['connect-redis’ day', '/none', (text: string) => text, 86_400_000],
    [
      'its own, where the cookie is not the first member',
      '/long',
      (text: string) => `{"first":1,${text.slice(1)}`,
      3_600_000,
    ],
    ['its own, where that is no whole number', '/odd', (text: string) => text, 1_234_567.5],
  ])('moves the deadline of a session that is read by %s', async (_, path, rewritten, idle) => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store, resave: false },
      handler(req, res) {
        if (req.url === '/none') req.session.cookie.maxAge = null
        if (req.url === '/odd') req.session.cookie.maxAge = 1_234_567.5
        counting(req, res)
      },
    })
    const first = await get('/count')
    const key = `sess:${idOf(first)}`
    await get(path, cookieOf(first))
    const { value } = (await store.read(key)) as StoredValue
    await store.replace(key, Buffer.from(rewritten(Buffer.from(value).toString())), Date.now() + 10_000)
    await get('/', cookieOf(first))
    const { expiresAt } = (await store.read(key)) as StoredValue
    expect(Math.abs((expiresAt as number) - Date.now() - idle)).toBeLessThan(1000)
  })

  test.each([{ resave: true }, { resave: false }])(
    'drops a session that ended and was put back, with %j',
    async (given) => {
      const { get } = await serve({
        options: { store: memoryStore(), ...given },
        async handler(req, res) {
          const { session } = req
          if (req.url === '/end') {
            await session.destroy()
            req.session = session
          }
          counting(req, res)
        },
      })
      const cookie = cookieOf(await get('/count'))
      expect(await get('/end', cookie)).toMatchObject({ status: 200, body: '[1,60000]' })
      expect((await get('/', cookie)).body).toBe('[null,60000]')
    },
  )

  test.each([{ resave: true }, { resave: false }])(
    'keeps a response from setting the cookie of a session that it saved and another request ended, with %j',
    async (given) => {
      const gate = createGate()
      const { get } = await serve({
        options: { store: memoryStore(), ...given },
        async handler(req, res) {
          if (req.url === '/logout') return req.session.destroy(() => res.end())
          if (req.url === '/slow') {
            req.session.slow = true
            await req.session.save()
            gate.arrive()
            await gate.opened
          }
          counting(req, res)
        },
      })
      const cookie = cookieOf(await get('/count'))
      const slow = get('/slow', cookie)
      await gate.arrived
      await get('/logout', cookie)
      gate.open()
      expect(await slow).toMatchObject({ status: 200, cookies: [] })
    },
  )

  test('that cannot be reached is a 503 without a cookie, and no logout', async () => {
    const store = memoryStore()
    const { get } = await serve({ options: { store }, handler: counting })
    const cookie = cookieOf(await get('/count'))
    const down = () => Promise.reject(new StoreUnavailableError('The store is down.'))
    const read = vi.spyOn(store, 'read').mockImplementation(down)
    expect(await get('/', cookie)).toMatchObject({ status: 503, cookies: [] })
    read.mockRestore()
    const replace = vi.spyOn(store, 'replace').mockImplementation(down)
    expect(await get('/count', cookie)).toMatchObject({ status: 503, cookies: [] })
    replace.mockRestore()
    expect((await get('/count', cookie)).body).toBe('[2,60000]')
  })

  test.each(['not JSON', '[]', '{"cookie":null}', '{"count":1}', '{"cookie":{},"count":'])(
    'holding %s is a 500 that quotes nothing of it',
    async (text) => {
      const store = memoryStore()
      const { get } = await serve({ options: { store }, handler: counting })
      const first = await get('/count')
      const key = `sess:${idOf(first)}`
      await store.replace(key, Buffer.from(text), Date.now() + 10_000)
      const answer = await get('/', cookieOf(first))
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain(text)
      expect(Buffer.from(((await store.read(key)) as { value: Uint8Array }).value).toString()).toBe(text)
    },
  )

  test('keeps what others put beside the data and into the cookie’s place', async () => {
    const store = memoryStore()
    const { get } = await serve({ options: { store }, handler: counting })
    const first = await get('/count')
    const key = `sess:${idOf(first)}`
    const text =
      '{"other":{"a":"}\\""},"cookie":{"originalMaxAge":600000,"expires":null,"path":"/"},"count":5}'
    await store.replace(key, Buffer.from(text), Date.now() + 10_000)
    expect((await get('/count', cookieOf(first))).body).toBe('[6,600000]')
    const stored = JSON.parse(
      Buffer.from(((await store.read(key)) as { value: Uint8Array }).value).toString(),
    )
    expect(stored).toMatchObject({
      other: { a: '}"' },
      count: 6,
      cookie: { path: '/', originalMaxAge: 600_000 },
    })
  })

  test('leaves out members named __proto__, which express-session stores, and writes none for being read', async () => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store, resave: false },
      handler: (req, res) => {
        if (req.url === '/logout') return req.session.destroy(() => res.end('bye'))
        if (req.url === '/count') req.session.count = (req.session.count ?? 0) + 1
        const { count, form, admin } = req.session
        res.end(JSON.stringify([count, form, admin, form?.admin]))
      },
    })
    const first = await get('/count')
    const key = `sess:${idOf(first)}`
    const stored = async () =>
      Buffer.from(((await store.read(key)) as { value: Uint8Array }).value).toString()
    const hostile = '{"\\u005f_proto__":{"admin":true},"text":"__proto__"}'
    const text = (await stored()).replace(/}$/, `,"form":${hostile},"__proto__":{"admin":true}}`)
    await store.replace(key, Buffer.from(text), Date.now() + 10_000)
    expect((await get('/', cookieOf(first))).body).toBe('[1,{"text":"__proto__"},null,null]')
    expect(await stored()).toBe(text)
    expect((await get('/count', cookieOf(first))).body).toBe('[2,{"text":"__proto__"},null,null]')
    expect(JSON.parse(await stored())).toMatchObject({ count: 2, form: { text: '__proto__' } })
    expect((await get('/logout', cookieOf(first))).body).toBe('bye')
    expect(await store.read(key)).toBeNull()
  })

  test('never takes an id that another session has', async () => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store, genid: () => 'same' },
      handler: (req, res) => {
        req.session.path = req.url
        res.end()
      },
    })
    expect((await get('/one')).status).toBe(200)
    expect(await get('/two')).toMatchObject({ status: 500, cookies: [] })
    const { value } = (await store.read('sess:same')) as { value: Uint8Array }
    expect(JSON.parse(Buffer.from(value).toString()).path).toBe('/one')
  })

  test('is `req.sessionStore` with the methods of any store', async () => {
    const { get } = await serve({
      options: { store: memoryStore() },
      handler: async (req, res) => {
        if (req.url === '/count') return counting(req, res)
        const { sessionStore: store, sessionID: id } = req
        const call = <T>(method: string, ...args: unknown[]) =>
          promisify<T>(store[method].bind(store) as never)(...(args as []))
        const found = await call<{ count: number }>('get', id)
        await call('set', 'other', { ...found, count: 7 })
        await call('touch', 'other', found)
        const loaded = await call<{ count: number; id: string }>('load', 'other')
        await call('destroy', 'other')
        const gone = await call('get', 'other')
        res.end(JSON.stringify([found.count, loaded.count, loaded.id, gone, store instanceof session.Store]))
      },
    })
    expect((await get('/facade', cookieOf(await get('/count')))).body).toBe('[1,7,"other",null,true]')
  })

  test('is given the request’s own session by `set`, as by `save`', async () => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store, resave: false, saveUninitialized: false },
      handler: (req, res) => {
        if (req.url !== '/') req.session.user = req.url
        if (req.url === '/late') store.destroy(`sess:${req.sessionID}`)
        if (req.url === '/') res.end(String(req.session.user))
        else req.sessionStore.set(req.sessionID, req.session, (error?: Error) => res.end(error?.name))
      },
    })
    const first = await get('/login')
    expect(first.status).toBe(200)
    await get('/again', cookieOf(first))
    expect((await get('/', cookieOf(first))).body).toBe('/again')
    const late = await get('/late', cookieOf(first))
    expect([late.status, late.body]).toEqual([200, 'SessionInterruptedError'])
    expect((await get('/', cookieOf(first))).body).toBe('undefined')
  })

  test.each([
    ['a key named __proto__', '{"__proto__":{"admin":true}}'],
    ['too many levels', '['.repeat(501) + ']'.repeat(501)],
  ])('is not given data that could not be read again: %s', async (_, json) => {
    const { get } = await serve({
      options: { store: memoryStore() },
      handler: (req, res) => {
        if (req.url === '/login') req.session.user = 'bob'
        if (req.url === '/form') req.session.form = JSON.parse(json)
        if (req.url === '/logout') return req.session.destroy(() => res.end('bye'))
        res.end(String(req.session.user))
      },
    })
    const cookie = cookieOf(await get('/login'))
    expect((await get('/form', cookie)).body).toMatch(/^Session data at "form" /)
    expect((await get('/', cookie)).body).toBe('bob')
    expect((await get('/logout', cookie)).body).toBe('bye')
  })

  test('stores what JSON drops without it, as it always was', async () => {
    const { get } = await serve({
      options: { store: memoryStore() },
      handler: (req, res) => {
        if (req.url === '/set') Object.assign(req.session, { text: '__proto__', call() {}, seen: new Map() })
        res.end(JSON.stringify(Object.entries(req.session).slice(1)))
      },
    })
    expect((await get('/', cookieOf(await get('/set')))).body).toBe('[["text","__proto__"],["seen",{}]]')
  })

  test('dates its cookie at each write, though a number comes before it', async () => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.session[7] = (req.session[7] ?? 0) + 1
        res.end()
      },
    })
    const first = await get()
    const stored = async () => {
      const found = (await store.read(`sess:${idOf(first)}`)) as { value: Uint8Array }
      return JSON.parse(new TextDecoder().decode(found.value))
    }
    const before = (await stored()).cookie.expires
    await new Promise((resolve) => setTimeout(resolve, 5))
    await get('/', cookieOf(first))
    expect(await stored()).toMatchObject({ 7: 2, cookie: { originalMaxAge: 60_000 } })
    expect(Date.parse((await stored()).cookie.expires)).toBeGreaterThan(Date.parse(before))
  })

  test('ends a session whose date a handler set into the past', async () => {
    const store = memoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        if (req.url === '/end') req.session.cookie.maxAge = -1
        req.session.count = 1
        res.end()
      },
    })
    const first = await get()
    await get('/end', cookieOf(first))
    expect(await store.read(`sess:${idOf(first)}`)).toBeNull()
  })
})

describe('A session that this request left behind', () => {
  test('is not brought back by a save, however it ended', async () => {
    const { get } = await serve({
      options: { store: new session.MemoryStore() },
      handler: async (req, res) => {
        if (req.url === '/login') req.session.user = 'bob'
        if (req.url !== '/end') return res.end(String(req.session.user))
        const before = req.session
        await promisify(req.sessionStore.regenerate.bind(req.sessionStore))(req)
        const error = await before.save().catch((failure: Error) => failure)
        res.end(String(error.code))
      },
    })
    const cookie = cookieOf(await get('/login'))
    expect((await get('/end', cookie)).body).toBe('SESSION_INTERRUPTED')
    expect((await get('/', cookie)).body).toBe('undefined')
  })

  test('may give its id to the next one', async () => {
    const { get } = await serve({
      options: { store: new session.MemoryStore(), genid: () => 'same' },
      handler: async (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1
        if (req.url === '/again') await req.session.regenerate()
        req.session.kept = true
        res.end(JSON.stringify([req.session.count, req.session.kept]))
      },
    })
    const cookie = cookieOf(await get('/'))
    expect((await get('/again', cookie)).body).toBe('[null,true]')
    expect((await get('/', cookie)).body).toBe('[1,true]')
  })
})

test('Of two middlewares on one store each makes its own cookies', async () => {
  const store = new session.MemoryStore()
  const { get } = await serve({
    options: { store, cookie: { path: '/shop' } },
    handler: (req, res) => {
      req.session.user = 'bob'
      res.end()
    },
  })
  await serve({ options: { store, cookie: { path: '/admin', httpOnly: false } } })
  expect(attributesOf(await get('/shop'))).toMatchObject({ path: '/shop', httponly: true })
})

test('A Secure cookie that cannot be set is told of', async () => {
  const events: unknown[] = []
  const { get } = await serve({
    options: {
      cookie: { secure: true },
      saveUninitialized: true,
      tegata: { onEvent: (event: never) => events.push(event) },
    },
  })
  expect((await get()).cookies).toEqual([])
  expect(events).toEqual([{ type: 'insecure-cookie', name: 'connect.sid' }])
})

test.each([
  ...[{ rolling: true }, { storeTimeout: 0 }, { storeTimeout: '5' }, { storeTimeout: Number.NaN }],
  ...[{ storeTimeout: 2_147_484 }],
  ...[{ conditional: 'false' }, { failUnsaved: 0 }, { clearCookie: 'no' }, { prefix: 7 }],
  ...[{ idleTimeout: -1 }, { idleTimeout: '86400' }, { maxBytes: Number.NaN }, { onEvent: {} }],
])('The option `tegata` does not take %o, and says which', (tegata) => {
  const [name] = Object.keys(tegata)
  expect(() => session({ secret: 'x', tegata: tegata as never })).toThrow(`\`tegata.${name}\``)
})

test('What is undefined in the option `tegata` has its default', () => {
  const unset = { conditional: undefined, prefix: undefined, idleTimeout: undefined, onEvent: undefined }
  const options = { secret: 'x', store: memoryStore(), tegata: unset as never }
  expect(() => session(options)).not.toThrow()
})

test('A store that is neither is refused', () => {
  expect(() => session({ secret: 'x', store: {} as never })).toThrow(TypeError)
  expect(() => session({ secret: 'x', store: code as never })).toThrow(TypeError)
})
