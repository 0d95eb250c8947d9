import '@tegata/express/global'
import assert from 'node:assert'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createSessions, type SessionOptions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import express, { type Request, type RequestHandler } from 'express'
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import {
  destroySession,
  getSession,
  type RequestSession,
  type SessionMiddlewareOptions,
  session,
} from './index.ts'

interface Data {
  n?: number
  user?: string
  list?: number[]
}

/** `req.session` as applications type it. */
const of = (req: Request) => req.session as unknown as RequestSession<Data>

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Options extends Partial<SessionOptions<Data>> {
  middleware?: SessionMiddlewareOptions
  trustProxy?: boolean
}

/** A browser with one cookie, before an application with these handlers. */
async function browser(
  handlers: Record<string, RequestHandler>,
  { middleware, trustProxy, ...options }: Options = {},
) {
  const store = memoryStore()
  const sessions = createSessions<Data>({ store, ...options })
  const app = express()
  if (trustProxy) app.set('trust proxy', true)
  app.use(session(sessions, middleware))
  for (const [path, handler] of Object.entries(handlers)) app.all(path, handler)
  app.use(((error, _req, res, _next) => {
    res.status(error.status ?? 500).json({ error: error.code ?? error.message })
  }) as express.ErrorRequestHandler)
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let cookie: string | undefined
  return {
    store,
    sessions,
    cookie: () => cookie,
    async get(path: string, headers: Record<string, string> = {}) {
      const response = await fetch(address + path, {
        redirect: 'manual',
        headers: { ...(cookie && { cookie }), ...headers },
      })
      const setCookie = response.headers.getSetCookie()[0]
      if (setCookie) cookie = /Max-Age=0/.test(setCookie) ? undefined : setCookie.split(';')[0]
      const text = await response.text()
      return { status: response.status, headers: response.headers, setCookie, body: text && JSON.parse(text) }
    },
  }
}

const show: RequestHandler = (req, res) => void res.json(req.session ?? null)

describe('a session that is used for the first time in the very call that answers', () => {
  test.each<[string, RequestHandler]>([
    ['req.session', (req, res) => void res.end(JSON.stringify({ user: of(req).user ?? null }))],
    [
      'getSession(req)',
      async (req, res) =>
        void res.end(JSON.stringify({ user: (await getSession<Data>(req)).data.user ?? null })),
    ],
  ])('is answered whole: %s', async (how, handler) => {
    for (const lazy of how === 'req.session' ? [false] : [false, true]) {
      const { get } = await browser({ '/': handler }, { middleware: { lazy } })
      expect(await get('/')).toMatchObject({ status: 200, body: { user: null } })
    }
  })

  test('is saved', async () => {
    const count = (req: Request) => {
      of(req).n = (of(req).n ?? 0) + 1
      return of(req).n
    }
    const { get } = await browser({
      '/': (req, res) => void res.end(JSON.stringify({ n: count(req) })),
    })
    expect((await get('/')).body).toEqual({ n: 1 })
    expect((await get('/')).body).toEqual({ n: 2 })
  })
})

describe('req.session', () => {
  test('holds the data as properties, saved at the end of the request', async () => {
    const { get } = await browser({
      '/': (req, res) => {
        of(req).n = (of(req).n ?? 0) + 1
        res.json({ n: of(req).n })
      },
    })
    expect((await get('/')).body).toEqual({ n: 1 })
    expect((await get('/')).body).toEqual({ n: 2 })
  })

  test('keeps a response that sets the cookie out of every cache, whatever the handler told them', async () => {
    const fields = {
      'Cache-Control': 'public',
      'CDN-Cache-Control': 'max-age=60',
      'Surrogate-Control': 'max-age=60',
    }
    const { get } = await browser({
      '/': (req, res) => {
        res.set(fields)
        if (req.query.start) of(req).n = 1
        res.json({})
      },
    })
    const told = ({ headers }: { headers: Headers }) => Object.keys(fields).map((name) => headers.get(name))
    expect(told(await get('/'))).toEqual(Object.values(fields))
    expect(told(await get('/?start=1'))).toEqual(['no-store', null, null])
  })

  test('shows the data alone when it is listed, copied, printed or made JSON', async () => {
    const seen: unknown[] = []
    const { get } = await browser({
      '/': (req, res) => {
        of(req).n = 1
        const { session } = req
        const keys: string[] = []
        for (const key in session) keys.push(key)
        seen.push(
          Object.keys(session),
          keys,
          { ...session },
          inspect(session),
          'n' in session,
          'save' in session,
        )
        res.json(session)
      },
    })
    expect((await get('/')).body).toEqual({ n: 1 })
    expect(seen).toEqual([['n'], ['n'], { n: 1 }, '{ n: 1 }', true, true])
  })

  test('has its methods where libraries look for them: in its prototype', async () => {
    const { get } = await browser({
      '/': (req, res) => void res.json(Object.getPrototypeOf(req.session).save.length),
    })
    expect((await get('/')).body).toBe(1)
  })

  test('does not mind a stand-in for a response, as engine.io has for upgrades', async () => {
    const sessions = createSessions({ store: memoryStore() })
    const req = { headers: {} } as Request
    const standIn = { getHeader: () => assert.fail('there are no headers any more') }
    await new Promise((next) => session(sessions)(req, standIn as unknown as ServerResponse, next))
    of(req).n = 1
    await req.session.save()
    expect(of(req).n).toBe(1)
  })

  test('takes requests that arrived together a step at a time', async () => {
    const middleware = session(createSessions({ store: memoryStore() }))
    const steps: string[] = []
    const take = (name: string) =>
      new Promise<void>((handled) => {
        const res = { headersSent: false, getHeader: () => undefined } as unknown as ServerResponse
        const req = {
          get headers() {
            steps.push(`${name} looked at`)
            return {}
          },
        }
        middleware(req as unknown as Request, res, () => {
          steps.push(`${name} handled`)
          handled()
        })
        steps.push(`${name} taken`)
      })
    await Promise.all([take('one'), take('two')])
    expect(steps).toEqual(['taken', 'looked at', 'handled'].flatMap((step) => [`one ${step}`, `two ${step}`]))
  })

  test('tells error handlers of a transport that throws', async () => {
    const broken = new Error('no transport')
    const transport = () => ({
      nameFor: () => 'sid',
      read: () => {
        throw broken
      },
      set: () => [],
      clear: () => [],
    })
    const middleware = session(createSessions({ store: memoryStore(), transport }))
    const res = { headersSent: false, getHeader: () => undefined } as unknown as ServerResponse
    const told = await new Promise((next) => middleware({ headers: {} } as Request, res, next))
    expect(told).toBe(broken)
  })

  test('notices changes deep inside, deletes and copies', async () => {
    const { get } = await browser({
      '/push': (req, res) => {
        of(req).list ??= []
        of(req).list?.push(1)
        res.json({})
      },
      '/delete': (req, res) => {
        delete of(req).list
        Object.assign(req.session, { user: 'ann' })
        res.json({})
      },
      '/': show,
    })
    await get('/push')
    await get('/push')
    expect((await get('/')).body).toEqual({ list: [1, 1] })
    await get('/delete')
    expect((await get('/')).body).toEqual({ user: 'ann' })
  })

  test('keeps data that have the name of a method, or of what every object has', async () => {
    const { get } = await browser({
      '/set': (req, res) => {
        Object.assign(req.session, { save: 'date', constructor: 'Ann', hasOwnProperty: 'no' })
        res.json({})
      },
      '/': show,
    })
    await get('/set')
    expect((await get('/')).body).toEqual({ save: 'date', constructor: 'Ann', hasOwnProperty: 'no' })
  })

  test('has an id and a cookie that cannot be replaced', async () => {
    const { get, cookie } = await browser({
      '/': (req, res) => {
        of(req).n = 1
        expect(() => Object.assign(req.session, { id: 'x' })).toThrow(TypeError)
        expect(() => Object.assign(req.session, { cookie: {} })).toThrow(TypeError)
        res.json({ id: req.session.id })
      },
    })
    const { body } = await get('/')
    expect(cookie()).toBe(`sid=${body.id}`)
  })

  test.each([
    ['a callback', (done: () => void) => done],
    ['a promise', () => undefined],
  ])('saves, reloads, regenerates and destroys with %s', async (_, callback) => {
    const call = (verb: (done?: () => void) => Promise<void>): Promise<void> =>
      new Promise((resolve) => {
        const given = callback(resolve)
        const promise = verb(given)
        if (!given) resolve(promise)
      })
    const { get, cookie, store } = await browser({
      '/save': async (req, res) => {
        of(req).n = 1
        await call((done) => req.session.save(done))
        res.json({ size: store.size })
      },
      '/reload': async (req, res) => {
        of(req).n = 99
        await call((done) => req.session.reload(done))
        res.json(req.session)
      },
      '/regenerate': async (req, res) => {
        const before = req.session
        await call((done) => req.session.regenerate(done))
        expect(req.session).not.toBe(before)
        expect({ ...before }).toEqual({ n: 1 })
        expect({ ...req.session }).toEqual({})
        of(req).user = 'ann'
        res.json({})
      },
      '/destroy': async (req, res) => {
        await call((done) => req.session.destroy(done))
        res.json({ session: typeof req.session })
      },
      '/': show,
    })
    expect((await get('/save')).body).toEqual({ size: 1 })
    expect((await get('/reload')).body).toEqual({ n: 1 })
    const old = cookie()
    await get('/regenerate')
    expect(cookie()).not.toBe(old)
    expect((await get('/')).body).toEqual({ user: 'ann' })
    expect((await get('/', { cookie: old as string })).body).toEqual({})
    expect((await get('/destroy')).body).toEqual({ session: 'undefined' })
    expect(cookie()).toBeUndefined()
  })

  test('tells a callback of what went wrong, and only that', async () => {
    const { get, sessions } = await browser({
      '/start': (req, res) => {
        of(req).n = 1
        res.json({})
      },
      '/': (req, res) => {
        of(req).n = 2
        const { cookie } = req.headers
        void sessions
          .open({ cookie })
          .destroy()
          .then(() => req.session.save((error) => void res.json({ code: (error as { code: string }).code })))
      },
    })
    await get('/start')
    expect((await get('/')).body).toEqual({ code: 'SESSION_INTERRUPTED' })
  })

  test.each<[string, (req: Request) => Promise<unknown>, boolean]>([
    ['begin anew with regenerate(), which comes before logins', (req) => req.session.regenerate(), true],
    ['begin none where a logout was too late', (req) => destroySession(req), false],
  ])('that another request ended lets this one %s', async (_, end, begins) => {
    const { get, sessions } = await browser({
      '/start': (req, res) => {
        of(req).n = 1
        res.json({})
      },
      '/': async (req, res) => {
        await sessions.open({ cookie: req.headers.cookie }).destroy()
        await end(req)
        ;(await getSession<Data>(req)).data.user = 'ann'
        res.json({})
      },
      '/show': show,
    })
    await get('/start')
    expect((await get('/')).setCookie !== undefined).toBe(begins)
    expect((await get('/show')).body).toEqual(begins ? { user: 'ann' } : {})
  })

  test('set to null logs out before the response leaves', async () => {
    const { get, cookie, store } = await browser({
      '/start': (req, res) => {
        of(req).n = 1
        res.json({})
      },
      '/logout': (req, res) => {
        ;(req as { session: unknown }).session = null
        res.json({ session: typeof req.session })
      },
    })
    await get('/start')
    expect((await get('/logout')).body).toEqual({ session: 'undefined' })
    expect(cookie()).toBeUndefined()
    for await (const key of store.keys('')) {
      const found = await store.read(key)
      expect(new TextDecoder().decode((found as { value: Uint8Array }).value)).toMatch(/^\["ended/)
    }
  })

  test('set to an object replaces the data', async () => {
    const { get } = await browser({
      '/start': (req, res) => {
        of(req).n = 1
        res.json({})
      },
      '/replace': (req, res) => {
        ;(req as { session: unknown }).session = { user: 'ann' }
        res.json(req.session)
      },
      '/': show,
    })
    await get('/start')
    expect((await get('/replace')).body).toEqual({ user: 'ann' })
    expect((await get('/')).body).toEqual({ user: 'ann' })
  })
})

describe('req.session.cookie', () => {
  test('tells and sets how long the session lasts', async () => {
    const { get } = await browser({
      '/start': (req, res) => {
        of(req).n = 1
        res.json(req.session.cookie)
      },
      '/age': (req, res) => {
        req.session.cookie.maxAge = 60_000
        const { maxAge, originalMaxAge } = req.session.cookie
        res.json({ maxAge, originalMaxAge })
      },
      '/date': (req, res) => {
        req.session.cookie.expires = new Date(Date.now() + 3600_000)
        res.json({})
      },
      '/browser': (req, res) => {
        req.session.cookie.expires = null
        res.json(req.session.cookie)
      },
    })
    const { body: first } = await get('/start')
    expect(first).toMatchObject({ httpOnly: true, path: '/', originalMaxAge: expect.any(Number) })
    const { body: aged, setCookie } = await get('/age')
    expect(aged.maxAge).toBeGreaterThan(59_000)
    expect(aged.originalMaxAge).toBe(60_000)
    expect(setCookie).toBeUndefined()
    expect((await get('/date')).setCookie).toMatch(/Max-Age=3(600|599)/)
    const session = await get('/browser')
    expect(session.body).toMatchObject({ originalMaxAge: null, expires: null })
    expect(session.setCookie).not.toMatch(/Max-Age|Expires/)
  })
})

describe('getSession', () => {
  test('is typed, and is the session that req.session shows', async () => {
    const { get } = await browser({
      '/': async (req, res) => {
        const session = await getSession<Data>(req)
        expectTypeOf(session.data.n).toEqualTypeOf<number | undefined>()
        session.data.n = 5
        res.json({ n: of(req).n, same: session === (await getSession(req)) })
      },
    })
    expect((await get('/')).body).toEqual({ n: 5, same: true })
  })

  test('after a logout is a new session', async () => {
    const { get } = await browser({
      '/start': async (req, res) => {
        of(req).n = 1
        res.json({})
      },
      '/logout': async (req, res) => {
        await destroySession(req)
        const session = await getSession<Data>(req)
        session.data.user = 'nobody'
        res.json(req.session)
      },
      '/': show,
    })
    await get('/start')
    expect((await get('/logout')).body).toEqual({ user: 'nobody' })
    expect((await get('/')).body).toEqual({ user: 'nobody' })
  })

  test('without the middleware says what is missing', async () => {
    await expect(getSession({})).rejects.toThrow(/session\(sessions\)/)
    await expect(destroySession({})).rejects.toThrow(/session\(sessions\)/)
  })
})

describe('with lazy: true', () => {
  test('req.session says that the session has to be asked for first', async () => {
    const { get } = await browser(
      {
        '/early': show,
        '/': async (req, res) => {
          await getSession(req)
          of(req).n = 1
          res.json(req.session)
        },
      },
      { middleware: { lazy: true } },
    )
    const { status, body } = await get('/early')
    expect(status).toBe(500)
    expect(body.error).toMatch(/lazy.*getSession/)
    expect((await get('/')).body).toEqual({ n: 1 })
  })
})

describe('a request over TLS, as the trusted proxy says', () => {
  test('gets a Secure cookie bound to the host, and is read by that name alone', async () => {
    const { get } = await browser(
      {
        '/': (req, res) => {
          of(req).n = (of(req).n ?? 0) + 1
          res.json(req.session)
        },
      },
      { trustProxy: true },
    )
    const { setCookie } = await get('/', { 'X-Forwarded-Proto': 'https' })
    expect(setCookie).toMatch(/^__Host-sid=.*; Secure; SameSite=Lax$/)
    expect((await get('/', { 'X-Forwarded-Proto': 'https' })).body).toEqual({ n: 2 })
    expect((await get('/')).body).toEqual({ n: 1 })
  })
})

describe('mounting', () => {
  test('the same sessions twice is one session', async () => {
    const sessions = createSessions<Data>({ store: memoryStore() })
    const app = express()
    app.use(session(sessions))
    app.use(session(sessions))
    app.get('/', (req, res) => {
      of(req).n = 1
      res.json(req.session)
    })
    const server = app.listen(0, '127.0.0.1')
    closing.push(() => server.close())
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(await response.json()).toEqual({ n: 1 })
  })

  test('other sessions on top is an error', async () => {
    const app = express()
    app.use(session(createSessions({ store: memoryStore() })))
    app.use(session(createSessions({ store: memoryStore() })))
    const server = app.listen(0, '127.0.0.1')
    closing.push(() => server.close())
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(response.status).toBe(500)
  })

  test('refuses what is no sessions, and options that are not its own', () => {
    expect(() => session(undefined as never)).toThrow(/createSessions/)
    const sessions = createSessions({ store: memoryStore() })
    expect(() => session(sessions, { rolling: true } as never)).toThrow(/rolling.*createSessions/)
    expect(() => session(sessions, { lazy: 'false' } as never)).toThrow(/`lazy`/)
  })
})
