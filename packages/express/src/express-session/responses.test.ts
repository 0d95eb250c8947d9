import express from 'express'
import { expect, test, vi } from 'vitest'
import { cookieOf, type Handler, listen } from './testing.ts'
import { counted, describeBoth } from './testing-both.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const touched =
  (answer: Handler): Handler =>
  (req, res) => {
    req.session.hit = true
    return answer(req, res)
  }

describeBoth('A response', ({ serve, session }) => {
  test.each<[string, Handler, string]>([
    ['end(body)', (_, res) => res.end('hello, world'), 'hello, world'],
    ['end()', (_, res) => res.end(), ''],
    ['end(null)', (_, res) => res.end(null), ''],
    ['end(body, encoding)', (_, res) => res.end('aGk=', 'base64'), 'hi'],
    ['end(buffer)', (_, res) => res.end(Buffer.from('hi')), 'hi'],
    [
      'write and end',
      (_, res) => {
        res.write('hello, ')
        res.end('world')
      },
      'hello, world',
    ],
    [
      'write and end, later',
      async (_, res) => {
        res.write('hello, ')
        await later(20)
        res.end('world')
      },
      'hello, world',
    ],
    [
      'a length of 0',
      (_, res) => {
        res.setHeader('Content-Length', '0')
        res.end()
      },
      '',
    ],
    [
      'a length',
      (_, res) => {
        res.setHeader('Content-Length', '12')
        res.end('hello, world')
      },
      'hello, world',
    ],
    [
      'a length and two parts',
      (_, res) => {
        res.setHeader('Content-Length', '12')
        res.write('hello, ')
        res.end('world')
      },
      'hello, world',
    ],
    [
      'writeHead',
      (_, res) => {
        res.writeHead(200, { 'Content-Type': 'text/plain' })
        res.end('hi')
      },
      'hi',
    ],
    [
      'two ends',
      (_, res) => {
        res.end('Hello')
        res.end()
      },
      'Hello',
    ],
  ])('by %s arrives whole, when the session has been saved once', async (_, answer, body) => {
    const store = new session.MemoryStore()
    const { set } = store
    let saved = 0
    store.set = function (...args: Parameters<typeof set>) {
      setTimeout(() => {
        saved++
        set.apply(this, args)
      }, 50)
    }
    const { get } = await serve({ options: { store }, handler: touched(answer) })
    const got = await get()
    expect(got).toMatchObject({ status: 200, body, cookies: [expect.any(String)] })
    expect(saved).toBe(1)
  })

  test('keeps the cookies that a handler set, one way or another', async () => {
    const { get } = await serve({
      handler: (req, res) => {
        if (req.url === '/head') res.writeHead(200, { 'Set-Cookie': 'a=1' })
        else res.setHeader('Set-Cookie', ['a=1', 'b=2'])
        res.end()
      },
    })
    expect((await get('/head')).cookies).toEqual(['a=1', expect.stringMatching(/^connect/)])
    expect((await get('/')).cookies).toEqual(['a=1', 'b=2', expect.stringMatching(/^connect/)])
  })

  test('that has ended takes no header', async () => {
    const errors: unknown[] = []
    const { get } = await serve({
      handler: (_, res) => {
        res.end()
        try {
          res.setHeader('Content-Length', '3')
        } catch (error) {
          errors.push(error)
        }
      },
    })
    expect((await get()).status).toBe(200)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' })])
  })

  test.each(['before', 'after'])(
    'whose write and end were patched %s the session arrives whole',
    async (when) => {
      const patch = (res: Record<string, (...args: unknown[]) => unknown>) => {
        const { write, end } = res as Record<'write' | 'end', (...args: unknown[]) => unknown>
        res.write = (...args) => write.apply(res, args)
        res.end = (...args) => end.apply(res, args)
      }
      const { get } = await serve({
        before: (_, res) => when === 'before' && patch(res),
        handler: touched((_, res) => {
          if (when === 'after') patch(res)
          res.write('hello, ')
          res.end('world')
        }),
      })
      expect((await get()).body).toBe('hello, world')
    },
  )

  test('in parts has what was put in between them saved', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store },
      handler: async (req, res) => {
        if (req.url === '/read') return res.end(JSON.stringify([req.session.a, req.session.b]))
        req.session.a = 1
        res.write('first ')
        await later(20)
        req.session.b = 2
        res.end('last')
      },
    })
    const first = await get()
    expect(first.body).toBe('first last')
    expect((await get('/read', cookieOf(first))).body).toBe('[1,2]')
  })

  test('has the session last from the end of its last part on', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false },
      handler: async (req, res) => {
        if (req.url === '/read') return res.end(String(req.session.a))
        if (req.url === '/start') {
          req.session.a = 1
          return res.end()
        }
        res.write('first ')
        await later(1100)
        res.end('last')
      },
    })
    const cookie = cookieOf(await get('/start'))
    const touch = vi.spyOn(store, 'touch')
    const sent = await get('/', cookie)
    expect(sent.body).toBe('first last')
    expect(touch.mock.lastCall?.[1].cookie.maxAge).toBeGreaterThan(59_500)
  })

  test('that comes long after its login was saved has the session last from there on', async () => {
    const store = new session.MemoryStore()
    const { get } = await serve({
      options: { store, resave: false, saveUninitialized: false },
      handler: (req, res) =>
        req.session.regenerate(() => {
          req.session.user = 'ada'
          req.session.save(async () => {
            await later(1100)
            res.end()
          })
        }),
    })
    const set = vi.spyOn(store, 'set')
    await get()
    expect(set).toHaveBeenCalledTimes(2)
    expect(set.mock.lastCall?.[1].cookie.maxAge).toBeGreaterThan(59_500)
  })

  test('whose session was looked at only in its second part sets no cookie for it', async () => {
    const { get } = await serve({
      options: { saveUninitialized: false },
      handler: async (req, res) => {
        res.write('first ')
        await later(20)
        req.session.a = 1
        res.end('last')
      },
    })
    expect(await get()).toMatchObject({ body: 'first last', cookies: [] })
  })

  test('has a new date in its cookie when it is rolling and slow', async () => {
    const { get } = await serve({
      options: { rolling: true },
      handler: async (req, res) => {
        req.session.user = 'bob'
        res.write('hello, ')
        await later(100)
        res.end('world')
      },
    })
    const first = await get()
    await later(1100 - (Date.now() % 1000))
    const second = await get('/', cookieOf(first))
    expect(second.cookies[0]).not.toBe(first.cookies[0])
    expect(cookieOf(second)).toBe(cookieOf(first))
  })
})

describeBoth('Express', ({ session }) => {
  test('takes the middleware twice, on routers and on mounted apps, and it is one session', async () => {
    const store = new session.MemoryStore()
    const sets = counted(store, 'set')
    const make = () => session({ secret: 'keyboard cat', store, resave: false }) as express.RequestHandler
    const app = express()
    const admin = express()
    admin.use(make())
    admin.get('/page', (req, res) => {
      const own = req as unknown as { session: { hits?: number } }
      own.session.hits = (own.session.hits ?? 0) + 1
      res.json(own.session.hits)
    })
    app.use(make(), make())
    app.use('/admin', admin)
    const { get, close } = await listen(app)
    const first = await get('/admin/page')
    expect([first.body, first.cookies.length, sets.count]).toEqual(['1', 1, 1])
    expect((await get('/admin/page', cookieOf(first))).body).toBe('2')
    close()
  })

  test('keeps a session in an application that a handler of another one calls', async () => {
    const store = new session.MemoryStore()
    const called = express()
    called.use((req, res) => {
      const { session, sessionID, sessionStore } = req as unknown as Record<string, unknown>
      Object.assign(session as object, { hit: true })
      res.json([sessionID === (session as { id: string }).id, sessionStore === store])
    })
    const app = express()
    app.use(session({ secret: 'keyboard cat', store, resave: false }) as express.RequestHandler)
    app.use((req, res, next) => called(req, res, next))
    const { get, close } = await listen(app)
    const first = await get('/')
    expect([first.body, first.cookies.length]).toEqual(['[true,true]', 1])
    close()
  })
})
