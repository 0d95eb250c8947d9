import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { attributesOf, cookieOf, type Handler, idOf } from './testing.ts'
import { counted, describeBoth } from './testing-both.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeBoth('req.session.destroy', ({ serve, session }) => {
  test('takes the session away at once, and from the store', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        if (req.url !== '/logout') return res.end()
        const ending = req.session
        const answer = ending.destroy(() => res.end(`${seen} ${req.session}`))
        const seen = [typeof req.session, answer === ending]
      },
    })
    const first = await get()
    expect((await get('/logout', cookieOf(first))).body).toBe('undefined,true undefined')
    expect(await promisify(store.all.bind(store))()).toEqual({})
  })

  test('of a session that never was stored sets no cookie', async () => {
    const { get } = await serve({ handler: (req, res) => req.session.destroy(() => res.end()) })
    expect((await get()).cookies).toEqual([])
  })

  test('tells its callback what the store said', async () => {
    const store = new session.MemoryStore()
    store.destroy = (_, done) => done?.(new Error('boom!'))
    const { get } = await serve({
      options: { store },
      handler: (req, res) => req.session.destroy((error: Error) => res.end(error.message)),
    })
    expect((await get()).body).toBe('boom!')
  })
})

describeBoth('req.session.regenerate', ({ serve, session }) => {
  const handler: Handler = (req, res) => {
    const { id } = req.session
    req.session.user = 'bob'
    req.session.regenerate((error: unknown) => {
      res.end([error, req.session.id !== id, req.session.id === req.sessionID, req.session.user].join())
    })
  }

  test.each([
    [
      'a `maxAge` that is no number',
      (own: { cookie: { maxAge: number } }) => (own.cookie.maxAge = Number.NaN),
    ],
    ['a plain object as its cookie', (own: { cookie: object }) => (own.cookie = { maxAge: 5000 })],
  ])('starts one that is saved once, whatever its cookie: %s', async (_, change) => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({
      options: { store },
      handler: (req, res) =>
        req.session.regenerate(() => {
          change(req.session)
          res.end()
        }),
    })
    expect((await get()).status).toBe(200)
    expect(sets.count).toBe(1)
  })

  test('ends the session and starts an empty one under a new id', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler })
    const first = await get()
    const second = await get('/', cookieOf(first))
    expect(second.body).toBe(',true,true,')
    expect(idOf(second)).not.toBe(idOf(first))
    expect(Object.keys((await promisify(store.all.bind(store))()) as object)).toEqual([idOf(second)])
  })

  test('starts one even if the old one could not be ended, and tells', async () => {
    const store = new session.MemoryStore()
    store.destroy = (_, done) => done?.(new Error('boom!'))
    const { get } = await serve({ options: { store }, handler })
    expect((await get()).body).toBe('Error: boom!,true,true,')
  })
})

describeBoth('req.session.reload', ({ serve, session }) => {
  test('takes what the store has, in a new object', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        if (req.url === '/') {
          req.session.seen = 'stored'
          return res.end()
        }
        const before = req.session
        before.seen = 'changed'
        before.reload(() => res.end([req.session.seen, req.session !== before, before.seen].join()))
      },
    })
    expect((await get('/reload', cookieOf(await get()))).body).toBe('stored,true,changed')
  })

  test('fails for a session that is gone, again and again', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false },
      handler: (req, res) => {
        if (req.url === '/') {
          req.session.active = true
          return res.end()
        }
        store.clear(() => again(20))
        const again = (times: number, error?: Error) => {
          if (times === 0) res.end(error?.message)
          else req.session.reload((failure: Error) => again(times - 1, failure))
        }
      },
    })
    expect((await get('/reload', cookieOf(await get()))).body).toBe('failed to load session')
  })
})

describeBoth('req.session.save', ({ serve, session }) => {
  test('stores at once', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.session.hit = true
        req.session.save(() => {
          store.get(req.session.id, (_, stored) => res.end(String((stored as never as { hit: boolean }).hit)))
        })
      },
    })
    expect((await get()).body).toBe('true')
  })

  test.each([
    { saveUninitialized: true },
    { saveUninitialized: false },
    { saveUninitialized: false, resave: false },
  ])('%o: leaves nothing to be saved at the end', async (options) => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({
      options: { store, ...options },
      handler: (req, res) => {
        req.session.hit = true
        req.session.save(() => res.end())
      },
    })
    const first = await get()
    expect([sets.count, first.cookies.length]).toEqual([1, 1])
    await get('/', cookieOf(first))
    expect(sets.count).toBe(2)
  })

  test('of a reloaded session leaves nothing to be saved at the end', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.session.hit = true
        req.session.reload(() => req.session.save(() => res.end('saved')))
      },
    })
    const first = await get()
    expect([sets.count, first.body]).toEqual([1, 'saved'])
    await get('/', cookieOf(first))
    expect(sets.count).toBe(2)
  })

  test('of a regenerated session stores a date that follows an `originalMaxAge` set before', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: async (req, res) => {
        await promisify(req.session.regenerate.bind(req.session))()
        req.session.cookie.originalMaxAge = 3_600_000
        await promisify(req.session.save.bind(req.session))()
        res.end()
      },
    })
    const stored = await promisify(store.get.bind(store))(idOf(await get()))
    expect(Date.parse(String(stored?.cookie.expires))).toBeGreaterThan(Date.now() + 3_500_000)
  })

  test('is followed by another one if more was put in', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: (req, res) => {
        req.session.a = 1
        req.session.save(() => {
          req.session.b = 2
          res.end()
        })
      },
    })
    const first = await get()
    expect(
      JSON.parse((store as never as { sessions: Record<string, string> }).sessions[idOf(first)] as string),
    ).toMatchObject({ a: 1, b: 2 })
  })
})

describeBoth('req.session.touch', ({ serve, session }) => {
  test('moves the date of the session', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { resave: false, store },
      handler: (req, res) => {
        req.session.hit = true
        res.end(String(req.session.touch() === req.session))
      },
    })
    const first = await get()
    const expires = () =>
      JSON.parse((store as never as { sessions: Record<string, string> }).sessions[idOf(first)] as string)
        .cookie.expires
    const before = expires()
    await later(20)
    expect((await get('/', cookieOf(first))).body).toBe('true')
    expect(Date.parse(expires())).toBeGreaterThan(Date.parse(before))
  })
})

describeBoth('req.session.cookie', ({ serve, session }) => {
  test.each<[string, (cookie: Record<string, unknown>) => void, object, object]>([
    [
      'httpOnly',
      (cookie) => {
        cookie.httpOnly = false
      },
      {},
      { path: '/' },
    ],
    [
      'path',
      (cookie) => {
        cookie.path = '/there'
      },
      { httponly: true },
      { path: '/there' },
    ],
    [
      'sameSite',
      (cookie) => {
        cookie.sameSite = 'strict'
      },
      { samesite: 'Strict' },
      {},
    ],
    [
      'domain',
      (cookie) => {
        cookie.domain = 'example.com'
      },
      { domain: 'example.com' },
      {},
    ],
    [
      'priority',
      (cookie) => {
        cookie.priority = 'low'
      },
      { priority: 'Low' },
      {},
    ],
  ])('shows in the response when %s is changed', async (_, change, some, others) => {
    const { get } = await serve({
      handler: (req, res) => {
        change(req.session.cookie)
        res.end()
      },
    })
    expect(attributesOf(await get())).toMatchObject({ ...some, ...others })
  })

  test('has a maxAge that counts down and can be set, at every request', async () => {
    const { get } = await serve({
      options: { cookie: { maxAge: 2000 } },
      handler: (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1
        const left = req.session.cookie.maxAge
        if (req.url !== '/') req.session.cookie.maxAge = Number(req.url.slice(1))
        res.end(String(left))
      },
    })
    const first = await get()
    const dated = (answer: typeof first) =>
      Date.parse(String(attributesOf(answer).expires)) - Date.parse(String(answer.headers.date))
    expect(Number(first.body)).toBeGreaterThan(1900)
    expect(dated(first)).toBeOneOf([2000, 1000])
    const longer = await get('/5000', cookieOf(first))
    expect(dated(longer)).toBeOneOf([5000, 4000])
    const same = await get('/', cookieOf(first))
    expect(Number(same.body)).toBeGreaterThan(4000)
    expect(dated(same)).toBeOneOf([5000, 4000])
    expect(dated(await get('/3000000000', cookieOf(first)))).toBeOneOf([3_000_000_000, 2_999_999_000])
  })

  test('takes a date, and null for as long as the browser runs', async () => {
    const { get } = await serve({
      handler: (req, res) => {
        req.session.cookie.expires = req.url === '/never' ? null : new Date(0)
        req.session.hit = (req.session.hit ?? 0) + 1
        res.end()
      },
    })
    expect(attributesOf(await get()).expires).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
    const never = await get('/never')
    expect(attributesOf(never)).not.toHaveProperty('expires')
    expect((await get('/never', cookieOf(never))).cookies).toEqual([])
  })

  test('is sent again only by a request that changed the session', async () => {
    const { get } = await serve({
      handler: (req, res) => {
        if (req.url === '/more') req.session.count = (req.session.count ?? 0) + 1
        res.end()
      },
    })
    const first = await get()
    expect((await get('/', cookieOf(first))).cookies).toEqual([])
    expect((await get('/more', cookieOf(first))).cookies).toHaveLength(1)
  })

  test('keeps its originalMaxAge', async () => {
    const { get } = await serve({
      options: { cookie: { maxAge: 2000 } },
      handler: (req, res) => res.end(JSON.stringify(req.session.cookie.originalMaxAge)),
    })
    const first = await get()
    expect(Number(first.body)).toBeOneOf([1999, 2000])
    await later(50)
    expect((await get('/', cookieOf(first))).body).toBe(first.body)
  })

  test('is a Cookie, which anybody can make', () => {
    const cookie = new session.Cookie()
    expect(cookie).toMatchObject({ path: '/', maxAge: null, httpOnly: true, originalMaxAge: null })
    expect(Object.keys(cookie)).toEqual(['path', '_expires', 'originalMaxAge', 'httpOnly'])
    expect(() => new (session.Cookie as never as new (options: unknown) => object)(42)).toThrow(TypeError)
    expect(() => Object.assign(new session.Cookie(), { maxAge: '5000' })).toThrow(TypeError)

    const make = session.Cookie as never as new (
      options: object,
    ) => Record<string, unknown> & { serialize(n: string, v: string): string }
    const dated =
      make &&
      new make({
        expires: new Date(Date.now() + 60_000),
        maxAge: undefined,
        path: '/a',
        data: { path: '/b' },
      })
    expect(dated.path).toBe('/a')
    const maxAged = new make({
      maxAge: 1000,
      sameSite: true,
      secure: true,
      partitioned: true,
      priority: 'high',
    })
    expect(maxAged.expires).toBeInstanceOf(Date)
    expect(maxAged.originalMaxAge).toBeOneOf([999, 1000])
    maxAged.expires = null
    expect([maxAged.maxAge, maxAged.originalMaxAge]).toEqual([null, null])
    expect(maxAged.serialize('name', 'a b')).toBe(
      'name=a%20b; Path=/; HttpOnly; Secure; Partitioned; Priority=High; SameSite=Strict',
    )
    expect(JSON.stringify(maxAged)).toBe(
      '{"originalMaxAge":null,"partitioned":true,"priority":"high","expires":null,"secure":true,"httpOnly":true,"path":"/","sameSite":true}',
    )
  })
})
