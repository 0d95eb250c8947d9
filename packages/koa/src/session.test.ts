import { inspect } from 'node:util'
import { createSessions, type ReadOptions, type SessionStore } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import Koa, { type Context } from 'koa'
import mount from 'koa-mount'
import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { type ContextSession, destroySession, getSession, type KoaApp, session } from './index.ts'
import { browser, closeAll, type Data, type Handler, koas, listen, slowStore } from './testing.ts'

afterEach(closeAll)

const show: Handler = (ctx) => ({ ...ctx.session })
const put =
  (data: Data): Handler =>
  (ctx) => {
    Object.assign(ctx.session as object, data)
    return {}
  }
const of = (ctx: { session: ContextSession | null }) => ctx.session as ContextSession<Data>

describe.each(Object.keys(koas))('ctx.session in %s', (koa) => {
  test('holds the data as properties, saved at the end of the request', async () => {
    const { get } = await browser(
      {
        '/': (ctx) => {
          of(ctx).n = ((of(ctx).n as number) ?? 0) + 1
          return { n: of(ctx).n }
        },
      },
      { koa },
    )
    expect((await get('/')).body).toEqual({ n: 1 })
    expect((await get('/')).body).toEqual({ n: 2 })
  })

  test('shows the data alone when it is listed, copied, printed or made JSON', async () => {
    const seen: unknown[] = []
    const { get } = await browser(
      {
        '/': (ctx) => {
          const { session } = ctx
          of(ctx).n = 1
          seen.push(
            Object.keys(of(ctx)),
            { ...session },
            inspect(session),
            of(ctx).inspect(),
            of(ctx).toJSON(),
          )
          return session
        },
      },
      { koa },
    )
    expect((await get('/')).body).toEqual({ n: 1 })
    expect(seen).toEqual([['n'], { n: 1 }, '{ n: 1 }', { n: 1 }, { n: 1 }])
  })

  test('knows whether it is new, how much it holds, its key and how long it lasts', async () => {
    const seen: unknown[] = []
    const { get, jar } = await browser(
      {
        '/': (ctx) => {
          const { isNew, length, populated, maxAge, externalKey } = of(ctx)
          seen.push([isNew, length, populated, maxAge, externalKey === jar.get('sid')])
          of(ctx).a = 1
          return {}
        },
      },
      { koa, idleTimeout: 100 },
    )
    await get('/')
    await get('/')
    expect(seen).toEqual([
      [true, 0, false, 100_000, false],
      [false, 1, true, 100_000, true],
    ])
  })

  test('is null after `= null`, which logs out and clears the cookie', async () => {
    const { get, store, jar } = await browser(
      {
        '/put': put({ n: 1 }),
        '/logout': (ctx) => {
          ctx.session = null
          return { session: ctx.session }
        },
        '/': show,
      },
      { koa },
    )
    await get('/put')
    const logout = await get('/logout')
    expect(logout.body).toEqual({ session: null })
    expect(logout.setCookies[0]).toMatch(/^sid=; Max-Age=0/)
    expect(jar.size).toBe(0)
    expect((await get('/')).body).toEqual({})
    expect(store.size).toBeLessThanOrEqual(1)
  })

  test('takes an object for all of its data, under the same id', async () => {
    const { get, jar } = await browser(
      {
        '/put': put({ n: 1, old: true }),
        '/replace': (ctx) => {
          ctx.session = { n: 2 } as never
          return { ...ctx.session }
        },
        '/': show,
      },
      { koa },
    )
    await get('/put')
    const before = jar.get('sid')
    expect((await get('/replace')).body).toEqual({ n: 2 })
    expect((await get('/')).body).toEqual({ n: 2 })
    expect(jar.get('sid')).toBe(before)
  })

  test('takes an object after a logout for a new session, under a new id', async () => {
    const seen: unknown[] = []
    const { get, jar } = await browser(
      {
        '/put': put({ n: 1, old: true }),
        '/switch': (ctx) => {
          ctx.session = null
          ctx.session = { n: 2 } as never
          of(ctx).m = 3
          of(ctx).maxAge = 50_000
          seen.push(of(ctx).n, of(ctx).maxAge)
          return { ...ctx.session }
        },
        '/': (ctx) => ({ ...ctx.session, maxAge: of(ctx).maxAge }),
      },
      { koa },
    )
    await get('/put')
    const before = jar.get('sid')
    expect((await get('/switch')).body).toEqual({ n: 2, m: 3 })
    expect(seen).toEqual([2, 50_000])
    expect(jar.get('sid')).not.toBe(before)
    expect((await get('/')).body).toEqual({ n: 2, m: 3, maxAge: 50_000 })
  })

  test('begins anew by getSession(ctx) after a logout, keeping nothing that was asked of the old one', async () => {
    const after = (logout: Handler): Handler =>
      async function handler(ctx) {
        ctx.session = { a: 1 } as never
        of(ctx).maxAge = 5000
        await logout(ctx)
        await getSession(ctx)
        return { ...ctx.session, isNew: of(ctx).isNew, maxAge: of(ctx).maxAge }
      }
    const { get, store } = await browser(
      {
        '/null': after((ctx) => {
          ctx.session = null
        }),
        '/destroy': after((ctx) => destroySession(ctx)),
      },
      { koa, idleTimeout: 100 },
    )
    for (const path of ['/null', '/destroy'])
      expect((await get(path)).body).toEqual({ isNew: true, maxAge: 100_000 })
    expect(store.size).toBe(0)
  })

  test('stores no functions and no names with an underscore of an object that is assigned', async () => {
    const { get } = await browser(
      {
        '/put': (ctx) => {
          ctx.session = { n: 1, _own: 2, run: () => 3 } as never
          return {}
        },
        '/': show,
      },
      { koa },
    )
    await get('/put')
    expect((await get('/')).body).toEqual({ n: 1 })
  })

  test('takes nothing but an object or null', async () => {
    const { get } = await browser(
      {
        '/': (ctx) => {
          for (const value of [1, 'a', undefined, true])
            expect(() => Object.assign(ctx, { session: value })).toThrow(TypeError)
          return { ok: true }
        },
      },
      { koa },
    )
    expect((await get('/')).body).toEqual({ ok: true })
  })

  test('gets a new id at regenerate(), stored at once, its data kept and the old id dead', async () => {
    const { get, jar, sessions } = await browser(
      {
        '/put': put({ n: 1 }),
        '/regenerate': async (ctx) => {
          await of(ctx).regenerate()
          return { key: of(ctx).externalKey }
        },
        '/': show,
      },
      { koa },
    )
    await get('/put')
    const before = jar.get('sid')
    const { body, setCookies } = await get('/regenerate')
    expect(body.key).toBe(jar.get('sid'))
    expect(setCookies).toHaveLength(1)
    expect(jar.get('sid')).not.toBe(before)
    expect((await get('/')).body).toEqual({ n: 1 })
    expect((await sessions.open({ id: before }).session()).isNew).toBe(true)
  })

  test('tells callbacks of save() and regenerate(), as Passport asks for', async () => {
    const { get } = await browser(
      {
        '/': (ctx) =>
          new Promise((resolve) => {
            of(ctx).regenerate((error) => {
              of(ctx).user = 'ann'
              of(ctx).save((later) => resolve({ errors: [error, later] }))
            })
          }),
        '/show': show,
      },
      { koa },
    )
    expect((await get('/')).body).toEqual({ errors: [null, null] })
    expect((await get('/show')).body).toEqual({ user: 'ann' })
  })

  test('is stored by save() and by setting maxAge even when it is empty', async () => {
    const handlers: Record<string, Handler> = {
      '/save': (ctx) => of(ctx).save(),
      '/maxAge': (ctx) => {
        of(ctx).maxAge = 5000
      },
    }
    for (const path of Object.keys(handlers)) {
      const { get, store } = await browser(handlers, { koa })
      expect((await get(path)).setCookies).toHaveLength(1)
      expect(store.size).toBe(1)
    }
  })

  test('lasts as long as maxAge says, from request to request', async () => {
    const { get } = await browser(
      {
        '/short': (ctx) => {
          of(ctx).maxAge = 5000
          return {}
        },
        '/browser': (ctx) => {
          ctx.sessionOptions.maxAge = 'session'
          return {}
        },
        '/': (ctx) => ({ maxAge: of(ctx).maxAge, option: ctx.sessionOptions.maxAge }),
      },
      { koa },
    )
    expect((await get('/short')).setCookies).toHaveLength(1)
    expect((await get('/')).body).toEqual({ maxAge: 5000, option: 5000 })
    expect((await get('/browser')).setCookies[0]).not.toMatch(/Max-Age/)
    expect((await get('/')).body).toEqual({ maxAge: 'session', option: 'session' })
  })

  test('keeps functions and names that begin with an underscore for the request alone', async () => {
    const { get } = await browser(
      {
        '/put': (ctx) => {
          Object.assign(of(ctx), { _secret: 1, run: () => 2, n: 3 })
          return { secret: of(ctx)._secret, ran: (of(ctx).run as () => number)(), length: of(ctx).length }
        },
        '/': show,
      },
      { koa },
    )
    expect((await get('/put')).body).toEqual({ secret: 1, ran: 2, length: 1 })
    expect((await get('/')).body).toEqual({ n: 3 })
  })

  test('keeps data that have the name of a method, or of what every object has', async () => {
    const { get } = await browser(
      { '/put': put({ save: 'date', constructor: 'Ann', toJSON: 'no' }), '/': show },
      { koa },
    )
    await get('/put')
    expect((await get('/')).body).toEqual({ save: 'date', constructor: 'Ann', toJSON: 'no' })
  })

  test('is loaded in one command, and without a cookie in none', async () => {
    const store = slowStore(0)
    const { get } = await browser({ '/put': put({ n: 1 }), '/': show }, { koa, store })
    const first = await get('/')
    expect(store.calls).toEqual([])
    expect(first.setCookies).toEqual([])
    await get('/put')
    store.calls.length = 0
    const read = await get('/')
    expect(store.calls).toEqual(['read'])
    expect(read.setCookies).toEqual([])
    expect(read.headers.get('vary')).toBe('Cookie')
    expect(read.headers.get('cache-control')).toBeNull()
  })
})

test('requests that arrived together are taken a step at a time', async () => {
  const steps: string[] = []
  const transport = () => ({
    nameFor: () => 'sid',
    read: () => void steps.push('looked at'),
    set: () => [],
    clear: () => [],
  })
  const middleware = session(createSessions({ store: memoryStore(), transport }), new Koa())
  const take = (name: string) => {
    const ctx = { req: { headers: {} }, res: { getHeader: () => undefined }, secure: false }
    const handled = middleware(ctx as never, async () => void steps.push(`${name} handled`))
    steps.push(`${name} taken`)
    return handled
  }
  await Promise.all([take('one'), take('two')])
  expect(steps).toEqual(['one taken', 'two taken', 'looked at', 'looked at', 'one handled', 'two handled'])
})

describe('the options of session()', () => {
  const sessions = createSessions({ store: memoryStore() })

  test.each([
    ['key', { key: 'sid' }],
    ['maxAge', { maxAge: 1000 }],
    ['store', { store: {} }],
    ['lazy', { lazy: 'yes' }],
    ['rolling', { rolling: 1 }],
    ['valid', { valid: true }],
    ['externalKey', { externalKey: { get: () => 'a' } }],
  ])('are named by the error when %s is not one of them, or not as it should be', (name, options) => {
    expect(() => session(sessions, new Koa(), options as never)).toThrow(
      expect.toSatisfy((error) => error instanceof TypeError && error.message.includes(`\`${name}\``)),
    )
  })

  test('come after sessions and an application', () => {
    expect(() => session({} as never, new Koa())).toThrow(TypeError)
    expect(() => session(sessions, {} as KoaApp)).toThrow(TypeError)
  })

  test('`autoCommit: false` saves what is committed by hand, and nothing else', async () => {
    const { get } = await browser(
      {
        '/lost': put({ n: 1 }),
        '/kept': async (ctx) => {
          of(ctx).n = 2
          await of(ctx).manuallyCommit()
          return {}
        },
        '/logout': (ctx) => {
          ctx.session = null
          return {}
        },
        '/': show,
      },
      { middleware: { autoCommit: false } },
    )
    expect((await get('/lost')).setCookies).toEqual([])
    expect((await get('/kept')).setCookies).toHaveLength(1)
    await get('/lost')
    expect((await get('/')).body).toEqual({ n: 2 })
    expect((await get('/logout')).setCookies).toHaveLength(1)
    expect((await get('/')).body).toEqual({})
  })

  test('`beforeSave` runs before a save, and may change what is saved; not when there is nothing to save', async () => {
    const beforeSave = vi.fn((_ctx: unknown, session: ContextSession) => {
      session.savedBy = 'hook'
    })
    const { get } = await browser(
      { '/put': put({ n: 1 }), '/': show },
      { middleware: { beforeSave: beforeSave as never } },
    )
    await get('/')
    expect(beforeSave).not.toHaveBeenCalled()
    await get('/put')
    await get('/')
    expect(beforeSave).toHaveBeenCalledTimes(1)
    expect((await get('/')).body).toEqual({ n: 1, savedBy: 'hook' })
  })

  test('`beforeSave` that throws fails the request, and nothing is saved', async () => {
    const { get, store } = await browser(
      { '/put': put({ n: 1 }) },
      {
        middleware: {
          beforeSave: () => {
            throw new Error('no')
          },
        },
      },
    )
    const { status, setCookies } = await get('/put')
    expect({ status, setCookies }).toEqual({ status: 500, setCookies: [] })
    expect(store.size).toBe(0)
  })

  test('`valid` that refuses leaves the session where it is, and a new one takes its place', async () => {
    const { get, app, store, jar } = await browser(
      { '/put': put({ user: 'ann' }), '/': show },
      { middleware: { valid: (ctx) => !(ctx as Context).get('x-refuse') } },
    )
    const invalid = new Promise<{ key: string; value: unknown }>((resolve) =>
      app.once('session:invalid', resolve),
    )
    await get('/put')
    const before = jar.get('sid')
    expect((await get('/', { headers: { 'x-refuse': 'yes' } })).body).toEqual({})
    const { key, value } = await invalid
    expect(value).toEqual({ user: 'ann' })
    expect(key).not.toBe(before)
    expect((await get('/')).body).toEqual({ user: 'ann' })
    await get('/put', { headers: { 'x-refuse': 'yes' } })
    expect(jar.get('sid')).not.toBe(before)
    expect(store.size).toBe(2)
  })

  test('`rolling` moves the deadline of every session that a request brings, `renew` after half of it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      for (const [option, moves] of [
        [{ rolling: true }, [true, true]],
        [{ renew: true }, [false, true]],
        [{}, [false, false]],
      ] as const) {
        const store = slowStore(0)
        const { get } = await browser(
          { '/put': put({ n: 1 }), '/ignore': () => ({}) },
          { middleware: option, idleTimeout: 100, store, cookie: { deadline: 'idle' } },
        )
        await get('/put')
        const seen: boolean[] = []
        for (const seconds of [40, 20]) {
          vi.setSystemTime(Date.now() + seconds * 1000)
          seen.push((await get('/ignore')).setCookies.length > 0)
        }
        expect(seen).toEqual(moves)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  test('a response that sets the cookie stays out of caches that go by a field of their own', async () => {
    const { get } = await browser({
      '/put': (ctx) => {
        ctx.set('CDN-Cache-Control', 'max-age=60')
        return put({ n: 1 })(ctx)
      },
    })
    const { headers } = await get('/put')
    expect([headers.get('cache-control'), headers.get('cdn-cache-control')]).toEqual(['no-store', null])
  })

  test('`externalKey` carries the id, and no cookie is read or set', async () => {
    const { get } = await browser(
      { '/put': put({ n: 1 }), '/': show },
      {
        middleware: {
          externalKey: {
            get: (ctx) => (ctx as Context).get('x-session'),
            set: (ctx, key) => (ctx as Context).set('x-session', key),
          },
        },
      },
    )
    const { headers, setCookies } = await get('/put')
    const key = headers.get('x-session') as string
    expect(setCookies).toEqual([])
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await get('/', { headers: { 'x-session': key } })).body).toEqual({ n: 1 })
    expect((await get('/', { headers: { cookie: `sid=${key}` } })).body).toEqual({})
    expect((await get('/', { headers: { 'x-session': '../etc' } })).body).toEqual({})
  })

  test('`lazy` loads nothing before `await getSession(ctx)`, which comes before ctx.session', async () => {
    const store = slowStore(0)
    const { get } = await browser(
      {
        '/put': async (ctx) => {
          const { data } = await getSession(ctx)
          data.n = 1
          return { ...ctx.session }
        },
        '/fresh': async (ctx) => (await getSession(ctx, { fresh: true })).data,
        '/ignore': () => ({}),
        '/early': (ctx) => {
          expect(() => ctx.session).toThrow(TypeError)
          return {}
        },
        '/logout': async (ctx) => ({ ended: await destroySession(ctx), session: ctx.session }),
      },
      { middleware: { lazy: true }, store },
    )
    expect((await get('/put')).body).toEqual({ n: 1 })
    store.calls.length = 0
    await get('/ignore')
    await get('/early')
    expect(store.calls).toEqual([])
    expect((await get('/fresh')).body).toEqual({ n: 1 })
    expect(store.calls).toEqual(['read'])
    store.calls.length = 0
    expect((await get('/logout')).body).toEqual({ ended: true, session: null })
    expect(store.calls).toEqual(['destroy'])
  })

  test.each([
    ['eager', {}],
    ['lazy', { lazy: true }],
    ['with `valid`', { valid: () => true }],
  ])(
    'with `fresh` the store itself is asked, whatever a memory in front of it holds: %s',
    async (_, middleware) => {
      const { store, asked, remember } = remembering()
      const { get, sessions, cookie } = await browser(
        {
          '/put': async (ctx) => {
            Object.assign((await getSession(ctx)).data, { n: 1 })
            return {}
          },
          '/': async (ctx) => (await getSession(ctx)).data,
          '/fresh': async (ctx) => {
            const { data } = await getSession(ctx, { fresh: true })
            return { data, session: { ...ctx.session } }
          },
        },
        { middleware, store },
      )
      await get('/put')
      await remember(() => get('/'))
      await get('/fresh')
      expect(asked.filter((options) => options?.fresh)).toHaveLength(1)
      await sessions.open({ cookie: cookie() }).destroy()
      expect((await get('/')).body).toEqual({ n: 1 })
      expect((await get('/fresh')).body).toEqual({ data: {}, session: {} })
    },
  )
})

/** A store with a memory in front of it that learns while it is told to, and never forgets. */
function remembering() {
  const store = memoryStore()
  const remembered = new Map<string, Awaited<ReturnType<SessionStore['read']>>>()
  const asked: (ReadOptions | undefined)[] = []
  let isLearning = false
  const read: SessionStore['read'] = async (key, options) => {
    const known = options?.fresh ? undefined : remembered.get(key)
    if (known) return known
    asked.push(options)
    const found = await store.read(key, options)
    if (isLearning) remembered.set(key, found)
    return found
  }
  return {
    store: { ...store, read },
    asked,
    async remember(work: () => Promise<unknown>) {
      isLearning = true
      await work()
      isLearning = false
    },
  }
}

describe('the events of the application', () => {
  test('tell of sessions that are missed, expired or unreadable, by a public key and never the id', async () => {
    let now = Date.UTC(2026, 0, 1)
    // Its own clock stands still, as a store's may differ.
    const store = memoryStore({ now: () => 0 })
    const { get, app, jar, sessions } = await browser(
      { '/put': put({ n: 1 }), '/ignore': () => ({}) },
      { now: () => now, store },
    )
    const events: unknown[] = []
    for (const type of ['missed', 'expired', 'invalid'])
      app.on(`session:${type}`, ({ key, ctx }) => events.push([type, key, ctx.path]))
    await get('/put')
    const { handle } = await sessions.open({ id: jar.get('sid') }).session()
    now += 31 * 86_400_000
    await get('/ignore')
    await get('/ignore', { headers: { cookie: `sid=${'A'.repeat(32)}` } })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(events).toEqual([
      ['expired', handle, '/ignore'],
      ['missed', expect.any(String), '/ignore'],
    ])
    expect(JSON.stringify(events)).not.toContain('A'.repeat(32))
  })
})

describe('a value that cannot be read', () => {
  test('is an error of its code, and an event; logout and login still work', async () => {
    const { get, app, store, errors } = await browser({
      '/put': put({ n: 1 }),
      '/': show,
      '/ignore': () => ({}),
      '/logout': (ctx) => {
        ctx.session = null
        return {}
      },
    })
    const invalid = new Promise((resolve) => app.once('session:invalid', resolve))
    await get('/put')
    for await (const key of store.keys('')) {
      const { value } = (await store.read(key)) as { value: Uint8Array }
      const broken = new TextEncoder().encode(new TextDecoder().decode(value).replace('{', '<'))
      await store.destroy(key)
      await store.create(key, broken, Date.now() + 10_000)
    }
    const { status, text } = await get('/')
    expect([status, text, errors.map(({ code }) => code)]).toEqual([
      500,
      'Internal Server Error',
      ['SESSION_VALUE_INVALID'],
    ])
    await invalid
    expect((await get('/ignore')).status).toBe(200)
    expect((await get('/logout')).setCookies).toHaveLength(1)
    expect((await get('/')).body).toEqual({})
  })
})

describe('getSession(ctx) and destroySession(ctx)', () => {
  test('give the session of the core, and ctx.session shows the same data', async () => {
    const { get } = await browser({
      '/': async (ctx) => {
        const session = await getSession<{ n?: number }>(ctx)
        session.data.n = 1
        of(ctx).m = 2
        await session.authenticate('ann')
        return { data: session.data, owner: session.owner, view: ctx.session }
      },
      '/logout': async (ctx) => {
        const ended = await destroySession(ctx)
        return { ended, session: ctx.session, isNew: (await getSession(ctx)).isNew }
      },
      '/show': async (ctx) => ({ owner: (await getSession(ctx)).owner ?? null }),
    })
    expect((await get('/')).body).toEqual({ data: { n: 1, m: 2 }, owner: 'ann', view: { n: 1, m: 2 } })
    expect((await get('/show')).body).toEqual({ owner: 'ann' })
    expect((await get('/logout')).body).toEqual({ ended: true, session: null, isNew: true })
    expect((await get('/show')).body).toEqual({ owner: null })
  })

  test('are typed by the application, and so is ctx.session', async () => {
    const { get } = await browser({
      '/': async (ctx) => {
        const { data } = await getSession<{ list?: string[] }>(ctx)
        expectTypeOf(data.list).toEqualTypeOf<string[] | undefined>()
        expectTypeOf<Context['session']['n']>().toEqualTypeOf<number | undefined>()
        expectTypeOf<Context['session']['maxAge']>().toEqualTypeOf<number | 'session'>()
        return {}
      },
    })
    expect((await get('/')).status).toBe(200)
  })

  test('reject with a TypeError where the middleware is missing', async () => {
    await expect(getSession({})).rejects.toThrow(TypeError)
    await expect(destroySession({})).rejects.toThrow(TypeError)
  })

  test('ctx.session is undefined before the middleware', async () => {
    const seen: unknown[] = []
    const { get } = await browser(
      { '/': () => ({}) },
      {
        before: [
          (ctx, next) => {
            seen.push(ctx.session, ctx.sessionOptions)
            return next()
          },
        ],
      },
    )
    await get('/')
    expect(seen).toEqual([undefined, undefined])
  })
})

describe('applications in applications', () => {
  test('have the session of the one they are mounted on, loaded once', async () => {
    const store = slowStore(0)
    const sessions = createSessions<Data>({ store })
    const [outer, inner] = [new Koa(), new Koa()]
    outer.use(session(sessions, outer))
    inner.use(session(sessions, inner))
    inner.use((ctx) => {
      ctx.session.n = (ctx.session.n ?? 0) + 1
      ctx.body = { n: ctx.session.n }
    })
    outer.use(mount('/inner', inner))
    const address = await listen(outer)
    const first = await fetch(`${address}/inner`)
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] as string
    store.calls.length = 0
    expect(await (await fetch(`${address}/inner`, { headers: { cookie } })).json()).toEqual({ n: 2 })
    expect(store.calls).toEqual(['read', 'replace'])
  })

  test('may have sessions of their own', async () => {
    const [outer, inner] = [new Koa(), new Koa()]
    inner.use(session(createSessions({ store: memoryStore() }), inner))
    inner.use((ctx) => {
      ctx.session.n = 1
      ctx.body = {}
    })
    outer.use(mount('/inner', inner))
    const address = await listen(outer)
    expect((await fetch(`${address}/inner`)).headers.getSetCookie()).toHaveLength(1)
  })
})
