import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { connect } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions, StoreUnavailableError } from '@tegata/core'
import { holdResponse } from '@tegata/node-response'
import compression from 'compression'
import express, { type ErrorRequestHandler } from 'express'
import onHeaders from 'on-headers'
import { afterEach, describe, expect, test } from 'vitest'
import { getSession, session } from './index.ts'
import {
  type GetOptions,
  getHttp,
  type Handler,
  type Layers,
  type Platform,
  type Setup,
  serve,
  slowStore,
} from './testing.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function start(setup: Partial<Setup> & { handler: Handler }) {
  const server = await serve({ platform: 'Express 5', ...setup })
  closing.push(server.close)
  return server
}

const get = async (setup: Partial<Setup> & { handler: Handler }, options?: GetOptions) =>
  (await start(setup)).get(options)

const platforms: Platform[] = ['Express 5', 'Express 4', 'bare HTTP', 'HTTP/2']

describe('while a response is held', () => {
  test.each(platforms)('it looks sent, and nobody can change it (%s)', async (platform) => {
    const seen: Record<string, unknown> = {}
    const { headers, status } = await get({
      platform,
      handler(_req, res) {
        res.setHeader('X-Own', 'first')
        res.end('hello')
        for (const name of ['headersSent', 'writableEnded']) seen[name] = res[name]
        for (const change of [() => res.setHeader('X-Own', 'second'), () => res.removeHeader('X-Own')]) {
          expect(change).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }))
        }
        if (platform !== 'HTTP/2') res.statusCode = 404
      },
    })
    expect(seen).toEqual({ headersSent: true, writableEnded: true })
    expect(headers['x-own']).toBe('first')
    expect(status).toBe(200)
  })

  test.each(platforms)('writeHead makes it look sent, whatever the status (%s)', async (platform) => {
    const seen: unknown[] = []
    for (const commit of ['no session', 'a commit', 'nothing to commit'] as const) {
      const { status } = await get({
        platform,
        commit,
        handler(_req, res) {
          res.writeHead(200)
          seen.push(res.headersSent)
          expect(() => res.setHeader('X-Own', '1')).toThrow()
          // As who catches an error asks before the error page.
          if (!res.headersSent) res.writeHead(500)
          res.end('hello')
        },
      })
      expect(status).toBe(200)
    }
    expect(seen).toEqual([true, true, true])
  })

  test.each<Platform>(['Express 5', 'bare HTTP'])(
    'a server that is closed sends it to the end (%s)',
    async (platform) => {
      const { server, get } = await start({
        platform,
        sessions: { store: slowStore(false, 60) },
        handler(_req, res) {
          res.end('hello')
          // Which hangs up on those who wait for nothing.
          server.close()
        },
      })
      expect(String((await get()).body)).toBe('hello')
    },
  )

  test('a later handler does not answer in its place', async () => {
    const { status, body } = await get({
      handler(_req, res) {
        res.json({ first: true })
        if (!res.headersSent) res.status(404).send('no')
      },
    })
    expect({ status, body: String(body) }).toEqual({ status: 200, body: '{"first":true}' })
  })

  test.each(platforms)('a second end changes nothing, and its callback is told (%s)', async (platform) => {
    const told: unknown[] = []
    const { body } = await get({
      platform,
      async handler(_req, res) {
        res.end('one')
        res.end('two', (error: unknown) => told.push((error as { code?: string })?.code))
        await sleep(5)
      },
    })
    expect(String(body)).toBe('one')
    expect(told).toEqual(['ERR_STREAM_ALREADY_FINISHED'])
  })

  test.each(platforms)('callbacks are called once the bytes are on their way (%s)', async (platform) => {
    const called: string[] = []
    const { body } = await get({
      platform,
      handler(_req, res) {
        res.write('a', () => called.push('write'))
        res.end('b', () => called.push('end'))
        called.push('handler')
      },
    })
    expect(String(body)).toBe('ab')
    await sleep(5)
    expect(called).toEqual(['handler', 'write', 'end'])
  })

  test('a producer is held back once a high-water mark is full, and goes on afterwards', async () => {
    const answers: boolean[] = []
    const { body } = await get({
      platform: 'bare HTTP',
      handler(_req, res) {
        for (let i = 0; i < 4; i++) answers.push(res.write('x'.repeat(res.writableHighWaterMark / 2)))
        res.once('drain', () => res.end('end'))
      },
    })
    expect(answers).toEqual([true, false, false, false])
    expect(String(body).endsWith('end')).toBe(true)
  })

  test.each<Platform>(['Express 5', 'bare HTTP'])(
    'a producer that had asked before goes on too, though nothing of a HEAD request is sent (%s)',
    async (platform) => {
      let isDone = false
      const produce = async function* () {
        for (let i = 0; i < 3; i++) yield 'x'.repeat(20_000)
      }
      const { status } = await get(
        {
          platform,
          async handler(_req, res) {
            await pipeline(produce, res)
            isDone = true
          },
        },
        { method: 'HEAD' },
      )
      expect(status).toBe(200)
      await expect.poll(() => isDone).toBe(true)
    },
  )

  test.each(['nothing to commit', 'a commit'] as const)(
    'compression before it is given no callback for a chunk, %s',
    async (commit) => {
      let isCalled = false
      const { status } = await get({
        platform: 'bare HTTP',
        layers: 'with layers before',
        commit,
        handler(_req, res) {
          res.writeHead(200, { 'X-Own': '1' })
          res.end(() => {
            isCalled = true
          })
        },
      })
      expect(status).toBe(200)
      await expect.poll(() => isCalled).toBe(true)
    },
  )
})

describe('what Node throws at the call is thrown at the call', () => {
  const mistakes: Record<string, [(res: never) => unknown, string]> = {
    'a number for a chunk': [(res: { write(chunk: unknown): void }) => res.write(42), 'ERR_INVALID_ARG_TYPE'],
    'null for a chunk': [(res: { write(chunk: unknown): void }) => res.write(null), 'ERR_STREAM_NULL_VALUES'],
    'an object to end with': [(res: { end(chunk: unknown): void }) => res.end({}), 'ERR_INVALID_ARG_TYPE'],
    'a status code of 99': [
      (res: { writeHead(status: number): void }) => res.writeHead(99),
      'ERR_HTTP_INVALID_STATUS_CODE',
    ],
    'a status code that is no number': [
      (res: { writeHead(status: string): void }) => res.writeHead('never'),
      'ERR_HTTP_INVALID_STATUS_CODE',
    ],
    'a status code set badly': [
      (res: { statusCode: number; end(): void }) => {
        res.statusCode = 1000
        res.end()
      },
      'ERR_HTTP_INVALID_STATUS_CODE',
    ],
    'a reason that is none': [
      (res: { statusMessage: string; end(): void }) => {
        res.statusMessage = 'not – found'
        try {
          res.end()
        } finally {
          res.statusMessage = ''
        }
      },
      'ERR_INVALID_CHAR',
    ],
    'an invalid header': [
      (res: { writeHead(status: number, headers: object): void }) => res.writeHead(200, { 'X-Bad': 'a\nb' }),
      'ERR_INVALID_CHAR',
    ],
  }

  test.each(Object.entries(mistakes))('%s', async (_, [mistake, code]) => {
    for (const commit of ['a commit', 'nothing to commit'] as const) {
      const { status, body } = await get({
        platform: 'bare HTTP',
        commit,
        async handler(_req, res) {
          try {
            mistake(res as never)
            throw new Error('nothing was thrown')
          } catch (error) {
            res.statusCode = 500
            res.end(JSON.stringify({ code: (error as { code?: string }).code }))
          }
        },
      })
      expect({ status, body: String(body) }).toEqual({ status: 500, body: JSON.stringify({ code }) })
    }
  })

  test('a second writeHead', async () => {
    const { body } = await get({
      platform: 'bare HTTP',
      handler(_req, res) {
        res.writeHead(200, { 'X-Own': '1' })
        try {
          res.writeHead(201, { 'X-Own': '2' })
        } catch (error) {
          res.end((error as { code: string }).code)
        }
      },
    })
    expect(String(body)).toBe('ERR_HTTP_HEADERS_SENT')
  })
})

describe('errors', () => {
  test('thrown by a handler reach the error page, with what the handler saved', async () => {
    const { status, headers } = await get({
      async handler(req) {
        ;(await getSession(req)).data.flash = 'sorry'
        throw Object.assign(new Error('teapot'), { status: 418 })
      },
    })
    expect(status).toBe(418)
    expect(headers['set-cookie']).toHaveLength(1)
  })

  test('of the commit do not say what the store said', async () => {
    const { body } = await get({ commit: 'a failing commit', handler: (_req, res) => res.json({}) })
    expect(String(body)).toBe('{"code":"STORE_UNAVAILABLE"}')
  })

  test("without an error page are answered by Express' own, in production without a word", async () => {
    const app = express().set('env', 'production')
    app.use(session(createSessions({ store: slowStore(true) })))
    app.get('/', async (req, res) => {
      ;(await getSession(req)).data.n = 1
      res.set('ETag', '"x"').json({ secret: 1 })
    })
    const server = app.listen(0, '127.0.0.1')
    closing.push(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { status, headers, body } = await getHttp(port, {})
    expect(status).toBe(503)
    expect(String(body)).toContain('Service Unavailable')
    expect(String(body)).not.toMatch(/secret|store/i)
    expect(headers.etag).toBeUndefined()
  })
})

describe('a source that was piped into a response whose commit fails', () => {
  const sources: Record<string, () => Readable> = {
    'a file': () => createReadStream(process.execPath, { end: 1_000_000 }),
    'a stream of the web': () =>
      Readable.fromWeb(new Blob(Array(20).fill('x'.repeat(50_000))).stream() as never),
  }
  const ways: Record<string, (source: Readable, res: Writable) => unknown> = {
    'by itself': (source, res) => source.pipe(res),
    'through another': (source, res) => source.pipe(new PassThrough()).pipe(res),
    'in a pipeline': (source, res) => pipeline(source, res).catch(() => {}),
  }
  const cases = Object.keys(sources).flatMap((what) => Object.keys(ways).map((way) => [what, way] as const))

  test.each(cases)('is not left open: %s, %s', async (what, way) => {
    const source = (sources[what] as () => Readable)()
    const { status } = await get({
      platform: 'bare HTTP',
      commit: 'a failing commit',
      handler: (_req, res) => void ways[way]?.(source, res as never),
    })
    expect(status).toBe(503)
    await expect.poll(() => source.destroyed).toBe(true)
  })

  test('is left to those who read it as well, as fast as they do', async () => {
    const source = Readable.from(Array(20).fill('x'.repeat(20_000)))
    const slow = new Writable({ highWaterMark: 1, write: () => {} })
    source.pipe(slow)
    const { status } = await get({
      platform: 'bare HTTP',
      commit: 'a failing commit',
      handler: (_req, res) => void source.pipe(res),
    })
    expect(status).toBe(503)
    await sleep(10)
    // The second one was Node's own doing.
    expect(slow.writableLength).toBeLessThanOrEqual(40_000)
  })
})

test.each(['with layers before', 'with layers after'] as const)(
  'an error page may be a stream of any length, %s',
  async (layers) => {
    const app = express()
    if (layers === 'with layers before') app.use(compression({ threshold: 0 }))
    app.use(session(createSessions({ store: slowStore(true) })))
    if (layers === 'with layers after') app.use(compression({ threshold: 0 }))
    app.get('/', async (req, res) => {
      ;(await getSession(req)).data.n = 1
      res.send('hello')
    })
    const page: ErrorRequestHandler = (_error, _req, res, _next) => {
      res.status(503).type('text')
      Readable.from(Array(10).fill('x'.repeat(20_000))).pipe(res)
    }
    app.use(page)
    const server = app.listen(0, '127.0.0.1')
    closing.push(() => {
      server.closeAllConnections()
      server.close()
    })
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}`)
    const { length } = await response.text()
    expect({ status: response.status, length }).toEqual({ status: 503, length: 200_000 })
  },
)

describe('a response that streams on', () => {
  test.each(platforms)(
    'looks ended while its last commit runs: nothing is written after it (%s)',
    async (platform) => {
      const seen: Record<string, unknown> = {}
      const errors: unknown[] = []
      const { body } = await get({
        platform,
        async handler(req, res) {
          res.on('error', (error: unknown) => errors.push(error))
          res.write('one')
          await sleep(15)
          ;(await getSession(req)).data.late = true
          res.end('two')
          for (const name of ['headersSent', 'writableEnded']) seen[name] = res[name]
          // As heartbeats ask before they write, the old ones the other.
          if (!res.writableEnded) res.write('too late')
          if (!res.finished) res.write('too late')
        },
      })
      expect(String(body)).toBe('onetwo')
      expect(seen).toEqual({ headersSent: true, writableEnded: true })
      expect(errors).toEqual([])
    },
  )

  test.each(platforms)(
    'saves what changed after the headers left, before the last byte (%s)',
    async (platform) => {
      const server = await start({
        platform,
        async handler(req, res) {
          const current = await getSession<{ n?: number; late?: boolean }>(req)
          if (!current.isNew) return res.end(JSON.stringify(current.data))
          res.write('one')
          await sleep(15)
          current.data.late = true
          res.end('two')
        },
      })
      const first = await server.get()
      expect(String(first.body)).toBe('onetwo')
      const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] as string
      expect(JSON.parse(String((await server.get({ headers: { cookie } })).body))).toEqual({
        n: 1,
        late: true,
      })
    },
  )

  test.each(platforms)(
    'is cut off when what changed after the headers left cannot be saved (%s)',
    async (platform) => {
      const answer = get({
        platform,
        commit: 'nothing to commit',
        async handler(req, res) {
          res.write('one')
          await sleep(5)
          // A new session needs a cookie, and the headers have left.
          ;(await getSession(req)).data.late = true
          res.end('two')
        },
      })
      await expect(answer).rejects.toThrow()
    },
  )

  test('cannot log in any more, and is told so at once', async () => {
    const { body } = await get({
      commit: 'nothing to commit',
      async handler(req, res) {
        res.write('one ')
        const error = await (await getSession(req)).authenticate('ann').catch((thrown) => thrown)
        res.end(error.code)
      },
    })
    expect(String(body)).toBe('one SESSION_HEADERS_SENT')
  })
})

test.each<Platform>(['Express 5', 'bare HTTP'])(
  'a producer that ends as soon as it may go on is no part of the answer in its place (%s)',
  async (platform) => {
    const { status, body } = await get({
      platform,
      layers: 'with layers after',
      commit: 'a failing commit',
      handler(_req, res) {
        res.write('x'.repeat(100_000))
        res.once('drain', () => res.end('end'))
      },
    })
    expect({ status, body: String(body) }).toEqual({ status: 503, body: 'Service Unavailable' })
  },
)

test.each<Platform>(['Express 5', 'bare HTTP'])(
  'an error page brings no trailers of the response in whose place it is (%s)',
  async (platform) => {
    const { status, trailers } = await get(
      {
        platform,
        layers: 'with layers before',
        commit: 'a failing commit',
        handler(_req, res) {
          res.write('hello')
          res.addTrailers({ 'X-Sum': '5' })
          res.end()
        },
      },
      { headers: { 'Accept-Encoding': 'gzip' } },
    )
    expect({ status, trailers }).toEqual({ status: 503, trailers: {} })
  },
)

describe('a client that hangs up', () => {
  /** Sends a request and closes the connection at some moment. */
  async function hangUp(port: number, moment: Promise<void>) {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await moment
    socket.destroy()
  }

  function promised() {
    let resolve = () => {}
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    return { promise, resolve }
  }

  test.each(['handler', 'commit'])(
    'while the %s runs does not stop the session from being saved, nor the server',
    async (what) => {
      const saved = promised()
      const moment = promised()
      let requests = 0
      const told: unknown[] = []
      const server = await start({
        sessions: {
          store: slowStore(false, 40),
          onEvent: ({ type }) => type === 'created' && saved.resolve(),
        },
        async handler(_req, res) {
          if (what === 'handler' && requests++ === 0) {
            moment.resolve()
            await once(res, 'close')
          }
          res.write('a', (error: unknown) => told.push(error))
          res.end('x'.repeat(100_000))
          moment.resolve()
        },
      })
      await hangUp(server.port, moment.promise)
      await saved.promise
      await expect.poll(() => told).toEqual([expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' })])
      expect((await server.get()).status).toBe(200)
    },
  )

  test.each<Platform>(['Express 5', 'bare HTTP'])(
    'before the commit is over has not seen the response finish (%s)',
    async (platform) => {
      const seen: unknown[] = []
      const moment = promised()
      const server = await start({
        platform,
        sessions: { store: slowStore(false, 60) },
        handler(_req, res) {
          res.on('close', () => seen.push({ ended: res.writableEnded, finished: res.writableFinished }))
          res.end('hello')
          moment.resolve()
        },
      })
      await hangUp(server.port, moment.promise)
      await expect.poll(() => seen).toEqual([{ ended: true, finished: false }])
    },
  )

  test('over HTTP/2 is told once', async () => {
    const told: unknown[] = []
    const answer = get({
      platform: 'HTTP/2',
      handler(_req, res) {
        res.end('hello', (error: unknown) => told.push(error))
        res.stream.close(8)
      },
    })
    await answer.catch(() => {})
    await sleep(20)
    expect(told).toEqual([expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' })])
  })
})

describe('requests on one connection', () => {
  test('that are pipelined are answered in order, each with its own session', async () => {
    let n = 0
    const server = await start({
      platform: 'bare HTTP',
      async handler(_req, res) {
        const mine = ++n
        await sleep(10 - 3 * mine)
        res.end(`answer ${mine};`)
      },
    })
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    while (!text.includes('answer 3;')) await sleep(5)
    socket.destroy()
    expect(text.match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3'])
    expect(new Set(text.match(/sid=[\w-]+/g)).size).toBe(3)
  })

  test.each<[string, Handler, Layers?]>([
    ['of a response that has ended', (_req, res) => res.end('hello')],
    [
      'of one that said how it is sent',
      (_req, res) => res.setHeader('Transfer-Encoding', 'chunked').end('hello'),
      'with layers before',
    ],
    ['of one that said how long it is', (_req, res) => res.json({ hello: 'world' })],
    ['of one in the middle of its body', (_req, res) => res.write('hello')],
  ])('stay usable after an error page in the place %s', async (_, handler, layers = 'alone') => {
    const server = await start({ commit: 'a failing commit', handler, layers })
    const socket = connect(server.port, '127.0.0.1')
    closing.push(() => socket.destroy())
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n'.repeat(3))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await expect.poll(() => text.match(/HTTP\/1.1 \d+/g)).toEqual(Array(3).fill('HTTP/1.1 503'))
    expect(text.match(/(Content-Length|Transfer-Encoding): /g)).toHaveLength(3)
  })
})

describe('layers', () => {
  test('before the session see its cookie when the headers leave, those after it do not', async () => {
    const seen: Record<string, unknown> = {}
    const app = express()
    const note = (name: string) => (_req: unknown, res: express.Response, next: () => void) => {
      onHeaders(res, () => {
        seen[name] = res.getHeader('Set-Cookie') !== undefined
      })
      next()
    }
    app.use(note('before'))
    app.use(session(createSessions({ store: slowStore() })))
    app.use(async (req, _res, next) => {
      ;(await getSession(req)).data.n = 1
      next()
    })
    app.use(note('after'))
    app.get('/', (_req, res) => void res.json({}))
    const server = app.listen(0, '127.0.0.1')
    closing.push(() => server.close())
    await once(server, 'listening')
    await getHttp((server.address() as { port: number }).port, {})
    expect(seen).toEqual({ before: true, after: false })
  })

  test('are left alone by a request that does not use its session', async () => {
    let isOwn = true
    await get({
      commit: 'no session',
      handler(_req, res) {
        isOwn = Object.hasOwn(res, 'write')
        res.end()
      },
    })
    expect(isOwn).toBe(false)
  })
})

test('holding twice holds once', async () => {
  let commits = 0
  const { body } = await get({
    platform: 'bare HTTP',
    commit: 'no session',
    handler(_req, res) {
      const hold = {
        commit: async () => void commits++,
        setHeaders: () => {},
        seal: () => {},
        fail: (error: unknown) => {
          throw new StoreUnavailableError('unexpected', { cause: error })
        },
      }
      const once = { ...hold, commit: () => (commits === 0 ? hold.commit() : undefined) }
      holdResponse(res, once)
      holdResponse(res, once)
      res.end('hello')
    },
  })
  expect(String(body)).toBe('hello')
  expect(commits).toBe(1)
})
