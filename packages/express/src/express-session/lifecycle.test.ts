import { promisify } from 'node:util'
import original from 'express-session'
import { describe, expect, test } from 'vitest'
import { cookieOf, type Handler, idOf } from './testing.ts'
import { counted, describeBoth } from './testing-both.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const hits: Handler = (req, res) => {
  req.session.hits = (req.session.hits ?? 0) + 1
  res.end(String(req.session.hits))
}

const page: Handler = (req, res) => res.end(String(req.session.user))

/** `/set` puts something in, every other path only reads. */
const visits: Handler = (req, res) => {
  if (req.url.startsWith('/set')) req.session.user = req.url
  res.end(String(req.session.user))
}

describeBoth('A session', ({ serve, session }) => {
  test('starts with a cookie and goes on with it', async () => {
    const { get } = await serve({ handler: hits })
    const first = await get()
    expect(first).toMatchObject({
      status: 200,
      body: '1',
      cookies: [expect.stringMatching(/^connect\.sid=s%3A/)],
    })
    expect((await get('/', cookieOf(first))).body).toBe('2')
    expect((await get()).body).toBe('1')
  })

  test('is an empty one, but for its cookie', async () => {
    const { get } = await serve({
      handler: (req, res) => {
        req.session.a = 1
        req.session.b = 'b'
        const names = []
        for (const name in req.session) names.push(name)
        res.end([Object.keys(req.session), names, JSON.stringify(req.session).includes('"id"')].join(' '))
      },
    })
    expect((await get()).body).toBe('cookie,a,b cookie,a,b false')
  })

  test('knows its request, its id and its store', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        const { id, req: request } = req.session
        res.end(
          [
            id === req.sessionID,
            request === req,
            req.sessionStore === store,
            req.session instanceof session.Session,
          ].join(),
        )
      },
    })
    expect((await get()).body).toBe('true,true,true,true')
  })

  test('that another middleware put on the request is left alone', async () => {
    const { get } = await serve({
      before: (req) => {
        req.session = { own: true }
      },
      handler: (req, res) => res.end(JSON.stringify(req.session)),
    })
    expect(await get()).toMatchObject({ body: '{"own":true}', cookies: [] })
  })

  test.each([
    ['destroyed', 'undefined'],
    ['taken away', 'bob'],
  ])('that was %s makes way for one that the middleware gives when it is called again', async (how, user) => {
    const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
    const middleware = session(options) as (req: unknown, res: unknown, next: () => void) => void
    const { get } = await serve({
      create: () => middleware,
      handler: async (req, res) => {
        if (req.url === '/set') req.session.user = 'bob'
        if (req.url !== '/again') return res.end(`${req.session.user} ${req.session.count}`)
        if (how === 'taken away') req.session = null
        else await promisify(req.session.destroy.bind(req.session))()
        middleware(req, res, () => {
          req.session.count = 1
          res.end()
        })
      },
    })
    const cookie = cookieOf(await get('/set'))
    const again = await get('/again', cookie)
    expect((await get('/', cookieOf(again) || cookie)).body).toBe(`${user} 1`)
  })

  test('that was deleted unread may have another one in its place', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false, saveUninitialized: false },
      handler: (req, res) => {
        if (req.url === '/set') req.session.user = 'bob'
        if (req.url === '/other') {
          delete req.session
          req.sessionStore.createSession(req, { user: 'eve', cookie: {} })
        }
        res.end(String(req.session.user))
      },
    })
    const cookie = cookieOf(await get('/set'))
    await get('/other', cookie)
    expect((await get('/', cookie)).body).toBe('eve')
  })

  test('that is nowhere in the store starts anew under another id', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    store.clear(() => {})
    const second = await get('/', cookieOf(first))
    expect(second.body).toBe('1')
    expect(idOf(second)).not.toBe(idOf(first))
  })

  test('that has expired starts anew under another id', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store, cookie: { maxAge: 5 } }, handler: hits })
    const first = await get()
    await later(20)
    const second = await get('/', cookieOf(first))
    expect(second.body).toBe('1')
    expect(idOf(second)).not.toBe(idOf(first))
    await later(20)
    expect(await promisify(store.all.bind(store))()).toEqual({})
  })

  test('without a cookie in the store is an error', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    store.set(idOf(first), { foo: 'bar' } as never)
    expect(await get('/', cookieOf(first))).toMatchObject({
      status: 500,
      body: expect.stringMatching(/expires/),
    })
  })

  test('whose stored names are those of methods keeps its methods', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    const stored = JSON.parse(
      (store as never as { sessions: Record<string, string> }).sessions[idOf(first)] as string,
    )
    store.set(idOf(first), { ...stored, save: 'nope', touch: 1 })
    expect(await get('/', cookieOf(first))).toMatchObject({ status: 200, body: '2' })
  })

  test('is not saved under an id that is no text', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.sessionID = () => {}
        req.session.a = 1
        res.end()
      },
    })
    expect((await get()).cookies).toEqual([])
    expect(await promisify(store.all.bind(store))()).toEqual({})
  })

  test.each(['disconnect', 'connect'])('follows the store’s event %s', async (event) => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: (req, res) => res.end(typeof req.session) })
    store.emit('disconnect')
    if (event === 'connect') store.emit('connect')
    const { body, cookies } = await get()
    expect([body, cookies.length]).toEqual(event === 'connect' ? ['object', 1] : ['undefined', 0])
  })
})

describeBoth('resave', ({ serve, session }) => {
  test.each([
    [true, 2],
    [undefined, 2],
    [false, 1],
  ])('%s: two requests that put the same in save %i times', async (resave, times) => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({
      options: { store, resave },
      handler: (req, res) => {
        req.session.user = 'bob'
        res.end()
      },
    })
    await get('/', cookieOf(await get()))
    expect(sets.count).toBe(times)
  })

  test('false: what changed is saved, and what a key named `cookie` holds inside of the data counts', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({
      options: { store, resave: false },
      handler: (req, res) => {
        req.session.user ??= { cookie: 0 }
        req.session.user.cookie++
        res.end()
      },
    })
    await get('/', cookieOf(await get()))
    expect(sets.count).toBe(2)
  })

  test('false: a session that did not change is touched', async () => {
    const store = new session.MemoryStore()
    const touches = counted(store, 'touch')
    const { get } = await serve({ options: { store, resave: false }, handler: visits })
    const cookie = cookieOf(await get('/set'))
    expect(touches.count).toBe(0)
    await get('/', cookie)
    expect(touches.count).toBe(1)
    await get('/set/other', cookie)
    expect(touches.count).toBe(1)
  })

  test('false: one whose handler did not look at it is touched, too', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false },
      handler: (req, res) => {
        if (req.url === '/set') req.session.user = 'bob'
        res.end()
      },
    })
    const first = await get('/set')
    const dates = () =>
      JSON.parse((store as never as { sessions: Record<string, string> }).sessions[idOf(first)] as string)
        .cookie
    const before = dates()
    await later(20)
    await get('/', cookieOf(first))
    expect(Date.parse(dates().expires)).toBeGreaterThan(Date.parse(before.expires))
    expect(dates().originalMaxAge).toBe(before.originalMaxAge)
  })
})

describeBoth('saveUninitialized', ({ serve, session }) => {
  test.each([
    [true, 1],
    [undefined, 1],
    [false, 0],
  ])('%s: an empty session is saved %i times, and handed out as often', async (saveUninitialized, times) => {
    const store = new session.MemoryStore()
    const [sets, touches] = [counted(store, 'set'), counted(store, 'touch')]
    const { get } = await serve({ options: { store, saveUninitialized } })
    const { cookies } = await get()
    expect([sets.count, touches.count, cookies.length]).toEqual([times, 0, times])
  })

  test('false: a session that something was put in is saved', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({ options: { store, saveUninitialized: false }, handler: hits })
    expect((await get()).cookies).toHaveLength(1)
    expect(sets.count).toBe(1)
  })

  test('false: a session that was only looked at is not', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({ options: { store, saveUninitialized: false }, handler: page })
    expect((await get()).cookies).toEqual([])
    expect(sets.count).toBe(0)
  })
})

describeBoth('Options that are `null`', ({ serve, session }) => {
  test('count as false where that means something, and as left out elsewhere', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const options = { store, resave: null, saveUninitialized: null, genid: null, cookie: null }
    const { get } = await serve({ options, handler: visits })
    expect((await get()).cookies).toEqual([])
    const cookie = cookieOf(await get('/set'))
    await get('/', cookie)
    expect(sets.count).toBe(1)
  })

  test('are none', () => {
    expect(() => session(null as never)).not.toThrow()
  })
})

describeBoth('rolling', ({ serve }) => {
  test.each([
    [true, true, 1, 1],
    [true, false, 0, 1],
    [undefined, true, 1, 0],
  ])(
    '%s with saveUninitialized %s: cookies of an empty session, then of one that did not change',
    async (rolling, saveUninitialized, empty, same) => {
      const { get } = await serve({ options: { rolling, saveUninitialized, resave: false }, handler: visits })
      expect((await get()).cookies).toHaveLength(empty)
      const cookie = cookieOf(await get('/set'))
      expect((await get('/', cookie)).cookies).toHaveLength(same)
    },
  )

  test('sets the cookie though no handler looked at the session', async () => {
    const { get } = await serve({
      options: { rolling: true, resave: false, saveUninitialized: false },
      handler: (req, res) => {
        if (req.url === '/set') req.session.user = 'bob'
        res.end()
      },
    })
    expect((await get('/', cookieOf(await get('/set')))).cookies).toHaveLength(1)
  })
})

describeBoth('unset', ({ serve, session }) => {
  const twice: Handler = (req, res) => {
    req.session.hits = (req.session.hits ?? 0) + 1
    if (req.session.hits === 2) req.session = null
    res.end(String(req.session))
  }

  test('takes no other value', () => {
    expect(() => session({ secret: 'x', unset: 'bogus' })).toThrow(TypeError)
  })

  test.each([
    ['destroy', 0],
    ['keep', 1],
    [undefined, 1],
  ])('%s: req.session = null leaves %i sessions', async (unset, left) => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store, unset }, handler: twice })
    const { body } = await get('/', cookieOf(await get()))
    expect(body).toBe('null')
    expect(Object.keys((await promisify(store.all.bind(store))()) as object)).toHaveLength(left)
  })

  test('destroy: a session that `delete req.session` took away ends as well', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, unset: 'destroy' },
      handler: (req, res) => {
        if (req.url === '/end') delete req.session
        else req.session.user = 'bob'
        res.end()
      },
    })
    await get('/end', cookieOf(await get()))
    expect(await promisify(store.all.bind(store))()).toEqual({})
  })

  test('sets no cookie for a session that never was stored', async () => {
    const { get } = await serve({
      options: { unset: 'destroy' },
      handler: (req, res) => {
        req.session = null
        res.end()
      },
    })
    expect((await get()).cookies).toEqual([])
  })
})

describeBoth('A store', ({ serve, session }) => {
  test('that fails to load fails the request with its own error', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    store.get = (_, done) => done(Object.assign(new Error('boom!'), { status: 507 }))
    expect(await get('/', cookieOf(first))).toMatchObject({ status: 507, body: 'boom!' })
  })

  test('that says ENOENT has no such session', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    store.get = (_, done) => done(Object.assign(new Error('boom!'), { code: 'ENOENT' }))
    expect(await get('/', cookieOf(first))).toMatchObject({ status: 200, body: '1' })
  })

  test('that answers at once works', async () => {
    class SyncStore extends session.Store {
      readonly sessions: Record<string, string> = {}
      override get(id: string, done: (error: unknown, found?: never) => void) {
        // Throws for what is unknown, as JSON.parse(undefined) does.
        done(null, JSON.parse(this.sessions[id] as string) as never)
      }
      override set(id: string, value: unknown, done: () => void) {
        this.sessions[id] = JSON.stringify(value)
        done()
      }
      override destroy(id: string, done: () => void) {
        delete this.sessions[id]
        done()
      }
    }
    const { get } = await serve({
      options: { store: new SyncStore(), unset: 'destroy' },
      handler: (req, res) => {
        const count = (req.session.count ?? 0) + 1
        req.session.count = count
        if (count > 1) {
          req.session = null
          res.write('destroyed ')
        }
        res.end(`hits: ${count}`)
      },
    })
    const first = await get()
    expect(first.body).toBe('hits: 1')
    expect((await get('/', cookieOf(first))).body).toBe('destroyed hits: 2')
  })

  test('that never answers for an unknown id can create one, and one that gives dates back keeps `originalMaxAge`', async () => {
    function SilentStore(this: { sessions: object }) {
      ;(session.Store as never as () => void).call(this)
      this.sessions = {}
    }
    Object.setPrototypeOf(SilentStore.prototype, session.Store.prototype)
    Object.assign(SilentStore.prototype, {
      get(
        this: { sessions: Record<string, string> },
        id: string,
        done: (error: unknown, found: unknown) => void,
      ) {
        const text = this.sessions[id]
        if (!text) return
        const found = JSON.parse(text)
        found.cookie.expires = new Date(found.cookie.expires)
        setImmediate(done, null, found)
      },
      set(
        this: { sessions: Record<string, string> },
        id: string,
        value: unknown,
        done: (error: unknown) => void,
      ) {
        this.sessions[id] = JSON.stringify(value)
        setImmediate(done, null)
      },
    })
    const store = new (SilentStore as never as new () => object)()
    const { get } = await serve({
      options: { store, cookie: { maxAge: 2000 } },
      handler: (req, res) => res.end(String(req.session.cookie.originalMaxAge)),
    })
    const first = await get()
    await later(50)
    const second = await get('/', cookieOf(first))
    for (const { body } of [first, second]) expect(Number(body)).toBeOneOf([1999, 2000])
    expect(second.body).toBe(first.body)
  })

  test('without `touch` does without', async () => {
    const store = new session.MemoryStore()
    Object.defineProperty(store, 'touch', { value: undefined })
    const { get } = await serve({ options: { store, resave: false }, handler: visits })
    expect((await get('/', cookieOf(await get('/set')))).body).toBe('/set')
  })

  test('starts a session that is handed out though it is empty, when its `generate` is called', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false, saveUninitialized: false },
      handler: (req, res) => {
        if (req.url === '/leave') req.sessionStore.generate(req)
        else req.session.user = 'bob'
        res.end()
      },
    })
    const first = await get()
    const left = await get('/leave', cookieOf(first))
    expect(idOf(left)).not.toBe(idOf(first))
    const all = await promisify(store.all.bind(store))()
    expect(Object.keys(all as object)).toEqual([idOf(first), idOf(left)])
  })

  test('loads a session for who asks, and gives requests new ones', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        if (req.url !== '/again') return hits(req, res)
        const before = req.sessionID
        req.sessionStore.regenerate(req, () => res.end(String(req.sessionID !== before && req.session.hits)))
      },
    })
    const first = await get()
    const loaded = await promisify(store.load.bind(store))(idOf(first))
    expect(loaded).toMatchObject({ hits: 1, id: idOf(first) })
    expect(loaded).toBeInstanceOf(session.Session)
    expect(await promisify(store.load.bind(store))('unknown')).toBeUndefined()
    const again = await get('/again', cookieOf(first))
    expect(again.body).toBe('undefined')
    expect(idOf(again)).not.toBe(idOf(first))
    expect(await promisify(store.load.bind(store))(idOf(first))).toBeUndefined()
  })

  type Done = (error?: unknown) => void
  type Shopper = { session: { cart: unknown } }
  interface BaseStore {
    sessions: object
    createSession(req: Shopper, stored: object): { user?: string }
    regenerate(req: Shopper, done: Done): void
  }

  describe.each([
    ['of this package', session.MemoryStore as never as new () => BaseStore],
    ['of express-session', original.MemoryStore as never as new () => BaseStore],
  ])('that inherits from a class %s', (_, Base) => {
    class OwnStore extends Base {
      override createSession(req: Shopper, stored: object) {
        const made = super.createSession(req, stored)
        Object.defineProperty(made, 'greet', { value: () => `Hello ${made.user}` })
        return made
      }
      override regenerate(req: Shopper, done: Done) {
        const { cart } = req.session
        super.regenerate(req, (error) => {
          req.session.cart = cart
          done(error)
        })
      }
    }

    async function shop(options = {}) {
      const store = new OwnStore()
      const sets = counted(store, 'set')
      const handlers: Record<string, Handler> = {
        async '/start'(req) {
          Object.assign(req.session, { user: 'bob', cart: Array.from({ length: 40 }, (_, n) => ({ n })) })
        },
        async '/read'(req) {
          return req.session.greet()
        },
        async '/add'(req) {
          req.session.cart[0].n = 'first'
        },
        async '/reload'(req) {
          req.session.user = 'eve'
          await promisify(req.session.reload.bind(req.session))()
          return req.session.greet()
        },
        async '/regenerate'(req) {
          await promisify(req.session.regenerate.bind(req.session))()
          return String(req.session.user)
        },
        async '/destroy'(req) {
          await promisify(req.session.destroy.bind(req.session))()
        },
        async '/cart'(req) {
          return JSON.stringify(req.session.cart?.[0])
        },
      }
      const { get } = await serve({
        options: { store, resave: false, saveUninitialized: false, ...options },
        handler: async (req, res) => res.end(await handlers[req.url]?.(req, res)),
      })
      return { get, sets, store, cookie: cookieOf(await get('/start')) }
    }

    test('may make sessions in its own way', async () => {
      const { get, sets, cookie, store } = await shop()
      expect((await get('/read', cookie)).body).toBe('Hello bob')
      expect((await get('/reload', cookie)).body).toBe('Hello bob')
      expect(sets.count).toBe(1)
      await get('/add', cookie)
      expect((await get('/cart', cookie)).body).toBe('{"n":"first"}')
      await get('/destroy', cookie)
      expect(store.sessions).toEqual({})
    })

    test('may keep something over `regenerate`', async () => {
      const { get, cookie, store } = await shop()
      const after = await get('/regenerate', cookie)
      expect(after.body).toBe('undefined')
      expect((await get('/cart', cookieOf(after))).body).toBe('{"n":0}')
      expect(Object.keys(store.sessions)).toEqual([idOf(after)])
    })

    test('fails the request where it makes no session', async () => {
      const { get, cookie, store } = await shop()
      store.createSession = () => {
        throw new Error('boom!')
      }
      expect((await get('/read', cookie)).body).toBe('boom!')
      expect(Object.keys(store.sessions)).toHaveLength(1)
    })
  })
})
