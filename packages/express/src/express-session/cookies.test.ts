import { createHmac, randomBytes } from 'node:crypto'
import cookieParser from 'cookie-parser'
import express from 'express'
import { expect, test } from 'vitest'
import { attributesOf, cookieOf, type Handler, idOf, listen } from './testing.ts'
import { describeBoth } from './testing-both.ts'

const hits: Handler = (req, res) => {
  req.session.hits = (req.session.hits ?? 0) + 1
  res.end(String(req.session.hits))
}

describeBoth('The cookie', ({ serve, session }) => {
  test('is named as `name` or the older `key` say', async () => {
    for (const options of [{ name: 'session_id' }, { key: 'session_id' }]) {
      const { get } = await serve({ options, handler: hits })
      const first = await get()
      expect((await get('/', cookieOf(first, 'session_id'))).body).toBe('2')
    }
  })

  test.each([
    ['apple', '/', 's%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU'],
    ['%', '/', 's%3A%25.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa%2FOTZ01g'],
  ])('carries the id %s and its signature', async (id, path, value) => {
    const { get } = await serve({ options: { genid: () => id } })
    expect(cookieOf(await get(path))).toBe(`connect.sid=${value}`)
  })

  test('carries an id made from the request', async () => {
    const { get } = await serve({ options: { genid: (req: { url: string }) => `${req.url}!` } })
    expect(idOf(await get('/foo'))).toBe('/foo!')
    expect(() => session({ secret: 'x', genid: 'bogus' })).toThrow(TypeError)
  })

  test.each(['an awesome cat', randomBytes(32)])('is signed with a secret of either type', async (secret) => {
    const { get } = await serve({ options: { secret }, handler: hits })
    const first = await get()
    const id = idOf(first)
    const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
    expect(decodeURIComponent(cookieOf(first))).toBe(`connect.sid=s:${id}.${signature}`)
    expect((await get('/', cookieOf(first))).body).toBe('2')
  })

  test('is signed with the first of several secrets, and read with each', async () => {
    const store = new session.MemoryStore()
    const old = await serve({ options: { store, secret: 'nyan cat' }, handler: hits })
    const rotated = await serve({ options: { store, secret: ['keyboard cat', 'nyan cat'] }, handler: hits })
    expect((await rotated.get('/', cookieOf(await old.get()))).body).toBe('2')
    expect((await old.get('/', cookieOf(await rotated.get()))).body).toBe('1')
    expect(() => session({ secret: [] })).toThrow(TypeError)
  })

  test('needs a secret, which may be the request’s', async () => {
    const without = await serve({ options: { secret: undefined } })
    expect(await without.get()).toMatchObject({ status: 500, body: expect.stringMatching(/secret/) })
    const parsed = await serve({
      options: { secret: undefined },
      before: (req) => {
        req.secret = 'keyboard cat'
      },
      handler: hits,
    })
    expect((await parsed.get('/', cookieOf(await parsed.get()))).body).toBe('2')
  })

  test.each<[string, (value: string) => string]>([
    ['unsigned', (value) => value.slice(2, value.indexOf('.'))],
    ['signed by another', (value) => value.replace(/...\./, '.')],
    ['cut short', (value) => value.slice(0, -1)],
    ['without a signature', (value) => value.slice(0, value.indexOf('.'))],
    ['empty', () => ''],
    ['without the mark', (value) => value.slice(2)],
    ['broken', () => '%E0%A4%A'],
  ])('that is %s starts a new session without asking the store', async (_, change) => {
    const store = new session.MemoryStore()
    const { get } = await serve({ options: { store }, handler: hits })
    const first = await get()
    store.get = () => {
      throw new Error('asked')
    }
    const [name, value = ''] = decodeURIComponent(cookieOf(first)).split('=')
    const second = await get('/', `${name}=${change(value)}`)
    expect(second.body).toBe('1')
    expect(idOf(second)).not.toBe(idOf(first))
  })

  test('is read without the quotes that some clients put around it', async () => {
    const { get } = await serve({
      handler: (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1
        res.end(String(req.session.count))
      },
    })
    const quoted = cookieOf(await get())
      .replace('=', '="')
      .concat('"')
    expect((await get('/', `$Version=1; ${quoted}; other="a"`)).body).toBe('2')
    expect((await get('/', quoted)).body).toBe('3')
  })

  test('is the first of its name', async () => {
    const { get } = await serve({ handler: hits })
    const [one, two] = [await get(), await get()]
    await get('/', cookieOf(two))
    expect((await get('/', `${cookieOf(one)}; ${cookieOf(two)}`)).body).toBe('2')
  })

  test.each(['cookies', 'signedCookies'])(
    'is taken from cookie-parser’s req.%s where the header has none',
    async (from) => {
      const app = express()
      app.use(from === 'cookies' ? cookieParser() : cookieParser('keyboard cat'))
      app.use((req, _res, next) => {
        req.headers.cookie = 'foo=bar'
        next()
      })
      app.use(session({ secret: 'keyboard cat' }) as express.RequestHandler)
      app.use(hits as express.RequestHandler)
      const { get, close } = await listen(app)
      const first = await get()
      expect((await get('/', cookieOf(first))).body).toBe('2')
      expect((await get('/', `connect.sid=${idOf(first)}`)).body).toBe('1')
      expect((await get('/', cookieOf(first).replace(/...\./, '.'))).body).toBe('1')
      close()
    },
  )
})

describeBoth('The cookie’s attributes', ({ serve }) => {
  test('are the options', async () => {
    const { get } = await serve({
      options: {
        cookie: {
          httpOnly: false,
          maxAge: 5000,
          path: '/admin',
          priority: 'high',
          domain: 'example.com',
          sameSite: 'strict',
          partitioned: true,
        },
      },
    })
    expect(attributesOf(await get('/admin'))).toEqual({
      'connect.sid': expect.any(String),
      domain: 'example.com',
      path: '/admin',
      expires: expect.any(String),
      partitioned: true,
      priority: 'High',
      samesite: 'Strict',
    })
  })

  test('are few by default', async () => {
    const { get } = await serve({ options: { cookie: undefined } })
    expect(Object.keys(attributesOf(await get()))).toEqual(['connect.sid', 'path', 'httponly'])
  })

  test('can be made by request', async () => {
    const { get } = await serve({
      options: {
        cookie: (req: { url: string }) => ({ path: '/', sameSite: req.url === '/strict' ? 'strict' : 'lax' }),
      },
    })
    expect(attributesOf(await get('/strict'))).toMatchObject({ samesite: 'Strict' })
    expect(attributesOf(await get('/'))).toMatchObject({ samesite: 'Lax' })
  })

  test('are none where a handler put a plain object in its place', async () => {
    const { get, late } = await serve({
      handler: (req, res) => {
        req.session.cookie = { maxAge: 5000 }
        req.session.count = (req.session.count ?? 0) + 1
        res.end(String(req.session.count))
      },
    })
    const first = await get()
    expect(first.cookies).toEqual([expect.stringMatching(/^connect\.sid=[^;]+$/)])
    expect((await get('/', cookieOf(first))).body).toBe('2')
    expect(late).toEqual([])
  })

  test('that no cookie can have are told of after the response', async () => {
    const { get, late } = await serve({ options: { cookie: { expires: new Date(Number.NaN) } } })
    expect(await get()).toMatchObject({ status: 200, cookies: [] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(late).toEqual([expect.objectContaining({ message: 'option expires is invalid' })])
  })
})

describeBoth('A secure cookie', ({ serve }) => {
  const https = { 'x-forwarded-proto': 'https' }
  const before: Handler = (req) => {
    if (req.headers['x-secure']) req.secure = JSON.parse(req.headers['x-secure'])
  }

  test.each<[boolean | undefined, Record<string, string>, number]>([
    [true, https, 1],
    [true, { 'x-forwarded-proto': 'HTTPS , http' }, 1],
    [true, { 'x-forwarded-proto': 'http,https' }, 0],
    [true, {}, 0],
    [true, { 'x-secure': 'true' }, 0],
    [false, https, 0],
    [false, { 'x-secure': 'true' }, 0],
    [undefined, https, 0],
    [undefined, { 'x-secure': 'true' }, 1],
  ])('with proxy %s and %o is set %i times', async (proxy, headers, times) => {
    const { get } = await serve({ options: { proxy, cookie: { secure: true } }, before })
    expect((await get('/', '', { headers })).cookies).toHaveLength(times)
  })

  test.each<[boolean | undefined, Record<string, string>, boolean]>([
    [true, https, true],
    [false, https, false],
    [undefined, { 'x-secure': 'true' }, true],
    [undefined, { 'x-secure': 'false' }, false],
  ])('`auto`, with proxy %s and %o, is %s', async (proxy, headers, secure) => {
    const { get } = await serve({ options: { proxy, cookie: { secure: 'auto', sameSite: 'auto' } }, before })
    const attributes = attributesOf(await get('/', '', { headers }))
    expect([attributes.secure === true, attributes.samesite]).toEqual([secure, secure ? 'None' : 'Lax'])
  })

  test('that a handler made so, or not so, is what it made of it', async () => {
    const { get } = await serve({
      options: { proxy: true, cookie: { secure: true } },
      handler: (req, res) => {
        req.session.cookie.secure = req.url === '/secure'
        res.end()
      },
    })
    expect(attributesOf(await get('/'))).not.toHaveProperty('secure')
    expect((await get('/secure')).cookies).toEqual([])
    expect(attributesOf(await get('/secure', '', { headers: https }))).toHaveProperty('secure')
  })
})

describeBoth('The cookie’s path', ({ serve }) => {
  const mountAt =
    (path: string): Handler =>
    (req) => {
      if (!req.url.startsWith(path)) return
      req.originalUrl = req.url
      req.url = req.url.slice(path.length)
    }

  test.each([
    ['/', undefined, 0],
    ['/foo', undefined, 0],
    ['/foo/bar', undefined, 1],
    ['/foo/bar?x=/', undefined, 1],
    ['/?/foo/bar', undefined, 0],
    ['/foo/bar/baz', undefined, 1],
    ['/foo/bar', '/foo', 1],
    ['/foo/foo/bar', '/foo', 0],
  ])('/foo/bar, at %s with the session mounted at %s, makes %i cookies', async (url, mount, times) => {
    const { get } = await serve({
      options: { cookie: { path: '/foo/bar' } },
      ...(mount && { before: mountAt(mount) }),
      handler: (req, res) => res.end(typeof req.session),
    })
    const { body, cookies } = await get(url)
    expect([body, cookies.length]).toEqual(times ? ['object', 1] : ['undefined', 0])
  })

  test('is `/` for a request without any', async () => {
    const { get } = await serve({
      before: (req) => {
        req.url = ''
      },
    })
    expect((await get()).cookies).toHaveLength(1)
  })
})
