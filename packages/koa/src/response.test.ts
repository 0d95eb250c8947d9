import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions } from '@tegata/core'
import type Koa from 'koa'
import compress from 'koa-compress'
import conditional from 'koa-conditional-get'
import { afterEach, describe, expect, test } from 'vitest'
import { type ContextSession, destroySession, getSession, session } from './index.ts'
import { browser, closeAll, type Data, type Handler, koas, slowStore } from './testing.ts'

afterEach(closeAll)

const of = (ctx: { session: ContextSession | null }) => ctx.session as ContextSession<Data>
const count = (ctx: { session: ContextSession | null }) => {
  of(ctx).n = ((of(ctx).n as number) ?? 0) + 1
}
const show: Handler = (ctx) => ({ ...ctx.session })

/** Ways to answer; each changes the session before. */
const answers: Record<string, Handler> = {
  json: (ctx) => {
    count(ctx)
    ctx.body = { hello: 'world' }
  },
  text: (ctx) => {
    count(ctx)
    ctx.body = 'hello '.repeat(500)
  },
  buffer: (ctx) => {
    count(ctx)
    ctx.body = Buffer.alloc(3000, 'a')
  },
  redirect: (ctx) => {
    count(ctx)
    ctx.redirect('/elsewhere')
  },
  'no body': (ctx) => {
    count(ctx)
    ctx.status = 204
  },
  'not found': count,
  'a stream': (ctx) => {
    count(ctx)
    ctx.type = 'text'
    ctx.body = Readable.from(['one ', 'two ', 'three'])
  },
  '5 MB of a stream': (ctx) => {
    count(ctx)
    ctx.body = Readable.from(Array.from({ length: 80 }, () => Buffer.alloc(65_536, 'a')))
  },
  'server-sent events': (ctx) => {
    count(ctx)
    const body = new PassThrough()
    ctx.type = 'text/event-stream'
    ctx.body = body
    const send = async () => {
      for (const i of [1, 2, 3]) {
        body.write(`data: ${i}\n\n`)
        await sleep(3)
      }
      body.end()
    }
    void send()
  },
  'respond = false and end': (ctx) => {
    count(ctx)
    ctx.respond = false
    ctx.res.statusCode = 200
    ctx.res.end('hello')
  },
  'respond = false and writes': async (ctx) => {
    count(ctx)
    ctx.respond = false
    ctx.res.writeHead(201, { 'Content-Type': 'text/plain', 'X-Own': '1' })
    ctx.res.write('one ')
    await sleep(3)
    ctx.res.end('two')
  },
  'respond = false and a pipe that goes on after the handler': (ctx) => {
    count(ctx)
    ctx.respond = false
    ctx.res.statusCode = 200
    Readable.from(['one ', 'two ', 'three']).pipe(ctx.res)
  },
  'flushHeaders, then a body': (ctx) => {
    count(ctx)
    ctx.status = 200
    ctx.type = 'text'
    ctx.flushHeaders()
    ctx.body = 'hello'
  },
}

const cases = Object.keys(koas).flatMap((koa) =>
  Object.keys(answers).flatMap((name) => [false, true].map((compressed) => ({ koa, name, compressed }))),
)

describe.each(cases)('$koa, $name, compressed: $compressed', ({ koa, name, compressed }) => {
  const answer = answers[name] as Handler
  const before = compressed ? [compress({ threshold: 0 })] : []
  const plain: Handler = (ctx) => {
    // The same answer on a server whose sessions nobody keeps.
    Object.defineProperty(ctx, 'session', { value: {} })
    return answer(ctx)
  }
  const shown = ({ status, headers, text }: { status: number; headers: Headers; text: string }) => ({
    status,
    text,
    headers: [...headers].filter(
      ([header]) =>
        !['date', 'set-cookie', 'vary', 'cache-control', 'content-length', 'transfer-encoding'].includes(
          header,
        ),
    ),
  })

  test('is the same as without a session, and carries the cookie of one that is stored', async () => {
    const store = slowStore()
    const { get } = await browser({ '/': answer, '/plain': plain, '/show': show }, { koa, before, store })
    const held = await get('/')
    expect(held.setCookies).toHaveLength(1)
    expect(held.headers.get('cache-control')).toBe('no-store')
    expect(held.headers.get('vary')).toMatch(/Cookie/)
    expect(shown(held)).toEqual(shown(await get('/plain')))
    expect((await get('/show')).body).toEqual({ n: 1 })
    await get('/')
    expect((await get('/show')).body).toEqual({ n: 2 })
  })

  test('is a 503 without a cookie when the store fails', async () => {
    const store = slowStore(3, () => true)
    const { get, errors } = await browser({ '/': answer }, { koa, before, store })
    const { status, setCookies, text } = await get('/')
    expect(status).toBe(503)
    expect(setCookies).toEqual([])
    expect(text).toBe('Service Unavailable')
    await sleep(5)
    expect(errors.filter(({ code }) => code === 'STORE_UNAVAILABLE')).toHaveLength(1)
  })
})

describe.each(Object.keys(koas))('in %s', (koa) => {
  test('HEAD and 304 carry the cookie as well', async () => {
    const { get, jar } = await browser(
      {
        '/': (ctx) => {
          count(ctx)
          ctx.body = 'hello'
          ctx.etag = 'v1'
        },
      },
      { koa, before: [conditional()] },
    )
    const head = await get('/', { method: 'HEAD' })
    expect([head.status, head.text, head.setCookies.length]).toEqual([200, '', 1])
    jar.clear()
    const headers = { 'If-None-Match': '"v1"', 'Cache-Control': 'max-age=0' }
    const { status, text, setCookies } = await get('/', { headers })
    expect([status, text, setCookies.length]).toEqual([304, '', 1])
  })

  test('what changes while a stream is sent is saved before the last byte', async () => {
    const { get } = await browser(
      {
        '/start': answers.json as Handler,
        '/': (ctx) => {
          const { session } = ctx
          ctx.type = 'text'
          ctx.body = Readable.from(
            (async function* () {
              yield 'one '
              await sleep(5)
              of({ session }).late = true
              yield 'two'
            })(),
          )
        },
        '/show': show,
      },
      { koa, store: slowStore(20) },
    )
    await get('/start')
    expect((await get('/')).text).toBe('one two')
    expect((await get('/show')).body).toEqual({ n: 1, late: true })
  })

  test('a stream that fails while the session is saved is told to the application, and ends no process', async () => {
    const { get, errors } = await browser(
      {
        '/': (ctx) => {
          count(ctx)
          ctx.body = createReadStream('/no/such/file')
        },
        '/show': show,
      },
      { koa, store: slowStore(20) },
    )
    // Koa 2 answers, Koa 3 hangs up, as both do without a session.
    await get('/').catch(() => {})
    expect(errors[0]?.code).toBe('ENOENT')
    expect((await get('/show')).status).toBe(200)
  })

  test('a session that starts while a stream is sent is an error of its code, as no cookie can be set', async () => {
    const codes: unknown[] = []
    const { get } = await browser(
      {
        '/': (ctx) => {
          void ctx.session
          ctx.type = 'text'
          ctx.body = Readable.from(
            (async function* () {
              yield 'one '
              await sleep(5)
              const session = await getSession(ctx)
              session.data.late = true
              await session.save().catch(({ code }) => codes.push(code))
              yield 'two'
            })(),
          )
        },
      },
      { koa },
    )
    await expect(get('/')).rejects.toThrow()
    expect(codes).toEqual(['SESSION_HEADERS_SENT'])
  })

  test('a handler that throws after regenerate() loses no session: the cookie survives', async () => {
    const { get, jar } = await browser(
      {
        '/start': answers.json as Handler,
        '/': async (ctx) => {
          await of(ctx).regenerate()
          of(ctx).late = true
          ctx.set('X-Own', '1')
          ctx.throw(418, 'teapot')
        },
        '/show': show,
      },
      { koa },
    )
    await get('/start')
    const before = jar.get('sid')
    const { status, headers, setCookies, text } = await get('/')
    expect([status, text, headers.get('x-own'), headers.get('cache-control')]).toEqual([
      418,
      'teapot',
      null,
      'no-store',
    ])
    expect(setCookies).toHaveLength(1)
    expect(jar.get('sid')).not.toBe(before)
    expect((await get('/show')).body).toEqual({ n: 1, late: true })
  })

  test("an error that is thrown again and again carries nobody else's cookie", async () => {
    const shared = Object.assign(new Error('shared'), { status: 400 })
    const { get, errors } = await browser(
      {
        '/login': async (ctx) => {
          of(ctx).user = 'ann'
          await of(ctx).regenerate()
          throw shared
        },
        '/': () => {
          throw shared
        },
      },
      { koa },
    )
    expect((await get('/login')).setCookies).toHaveLength(1)
    expect((await get('/')).setCookies).toEqual([])
    expect(JSON.stringify({ ...errors[0] })).not.toMatch(/cookie/i)
  })

  test('a cookie of the handler stays beside that of the session', async () => {
    const { get } = await browser(
      {
        '/': (ctx) => {
          ctx.cookies.set('theme', 'dark')
          count(ctx)
          ctx.body = 'ok'
        },
      },
      { koa },
    )
    expect((await get('/')).setCookies.map((cookie) => cookie.split('=')[0])).toEqual(['theme', 'sid'])
  })

  test('middleware above sees the cookie on the response', async () => {
    const seen: unknown[] = []
    const { get } = await browser(
      { '/': answers.json as Handler },
      {
        koa,
        before: [
          async (ctx, next) => {
            await next()
            seen.push(ctx.response.get('Set-Cookie').length)
          },
        ],
      },
    )
    expect((await get('/')).setCookies).toHaveLength(1)
    expect(seen).toEqual([1])
  })

  test('middleware above may answer for a handler that threw, and for a store that failed', async () => {
    const store = slowStore(0, () => isDown)
    let isDown = false
    const { get, errors } = await browser(
      {
        '/': (ctx) => {
          count(ctx)
          throw Object.assign(new Error('mine'), { code: 'MINE' })
        },
        '/show': show,
      },
      {
        koa,
        store,
        before: [
          async (ctx, next) => {
            try {
              await next()
            } catch (error) {
              ctx.status = (error as { status?: number }).status ?? 500
              ctx.body = { code: (error as { code: string }).code }
            }
          },
        ],
      },
    )
    const mine = await get('/')
    expect([mine.status, mine.body, mine.setCookies.length]).toEqual([500, { code: 'MINE' }, 1])
    expect((await get('/show')).body).toEqual({ n: 1 })
    isDown = true
    const down = await get('/')
    expect([down.status, down.body, down.setCookies.length]).toEqual([503, { code: 'STORE_UNAVAILABLE' }, 0])
    // What the handler threw is not lost behind it.
    expect(errors.map(({ code }) => code)).toEqual(['MINE'])
  })

  test('an explicit commit that failed and was ignored does not leave as if all was well', async () => {
    for (const commit of ['save', 'manuallyCommit', 'regenerate'] as const) {
      const { get } = await browser(
        {
          '/': async (ctx) => {
            count(ctx)
            await of(ctx)
              [commit]()
              .catch(() => {})
            ctx.body = 'fine'
          },
        },
        { koa, store: slowStore(0, () => true) },
      )
      expect((await get('/')).status).toBe(503)
    }
  })

  test('a logout that fails is a 503, and the cookie stays', async () => {
    let isDown = false
    const { get, jar } = await browser(
      {
        '/start': answers.json as Handler,
        '/null': (ctx) => {
          ctx.session = null
          ctx.body = 'bye'
        },
        '/destroy': async (ctx) => {
          await destroySession(ctx)
          ctx.body = 'bye'
        },
        '/raw': (ctx) => {
          ctx.session = null
          ctx.respond = false
          ctx.res.end('bye')
        },
      },
      { koa, store: slowStore(0, () => isDown) },
    )
    await get('/start')
    isDown = true
    for (const path of ['/null', '/destroy', '/raw']) {
      const { status, setCookies } = await get(path)
      expect([path, status, setCookies]).toEqual([path, 503, []])
    }
    expect(jar.size).toBe(1)
  })

  test('the cookie is Secure, and so named, behind a trusted proxy that says HTTPS', async () => {
    const { get } = await browser({ '/': answers.json as Handler }, { koa })
    const { setCookies } = await get('/', { headers: { 'X-Forwarded-Proto': 'https' } })
    expect(setCookies[0]).toMatch(/^__Host-sid=.*; Secure/)
  })

  test('a response of HTTP/2 waits as well', async () => {
    const app = new (koas[koa] as typeof Koa)()
    app.use(session(createSessions({ store: slowStore() }), app))
    app.use((ctx) => {
      ctx.session.n = 1
      ctx.body = Readable.from(['one ', 'two'])
    })
    const server = createServer(app.callback() as never).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      const stream = client.request({ ':path': '/' })
      const [headers] = await once(stream, 'response')
      expect(headers['set-cookie']).toHaveLength(1)
      expect(await stream.setEncoding('utf8').reduce((all, one) => all + one, '')).toBe('one two')
    } finally {
      client.close()
      server.close()
    }
  })

  test('64 parallel writers of distinct keys lose none', async () => {
    const { get } = await browser(
      {
        '/start': answers.json as Handler,
        '/write': async (ctx) => {
          const { key } = ctx.query
          await sleep(Math.random() * 5)
          of(ctx)[String(key)] = true
          ctx.body = 'ok'
        },
        '/show': show,
      },
      { koa, store: slowStore(1) },
    )
    await get('/start')
    await Promise.all(Array.from({ length: 64 }, (_, i) => get(`/write?key=k${i}`)))
    expect(Object.keys((await get('/show')).body)).toHaveLength(65)
  })
})
