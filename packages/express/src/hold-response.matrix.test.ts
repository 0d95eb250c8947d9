import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Commit,
  type GetOptions,
  type Got,
  type Handler,
  type Layers,
  type Platform,
  serve,
} from './testing.ts'

const LARGE = 5_000_000
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tegata-express-'))
  await writeFile(join(folder, 'small.txt'), 'small '.repeat(20))
  await writeFile(join(folder, 'large.txt'), 'large '.repeat(LARGE / 6))
})
afterAll(() => rm(folder, { recursive: true }))

interface Scenario {
  handler: Handler
  request?: GetOptions
  /** Needs Express' response methods. */
  express?: boolean
  /** Its headers leave before it ends, so that a failure finds a producer still writing. */
  streams?: boolean
  /** HTTP/1 alone has it. */
  http1?: boolean
}

const scenarios: Record<string, Scenario> = {
  'res.json': { express: true, handler: (_req, res) => res.json({ a: 'b'.repeat(100) }) },
  'res.send': { express: true, handler: (_req, res) => res.send('hello '.repeat(50)) },
  'res.redirect': { express: true, handler: (_req, res) => res.redirect('/elsewhere') },
  'res.sendStatus': { express: true, handler: (_req, res) => res.sendStatus(404) },
  'sendFile of a small file': {
    express: true,
    handler: (_req, res) => res.sendFile(join(folder, 'small.txt')),
  },
  'sendFile of a large file': {
    express: true,
    streams: true,
    handler: (_req, res) => res.sendFile(join(folder, 'large.txt')),
  },
  'sendFile of a part of a file': {
    express: true,
    handler: (_req, res) => res.sendFile(join(folder, 'large.txt')),
    request: { headers: { Range: 'bytes=10-20' } },
  },
  'sendFile of no file': {
    express: true,
    handler: (_req, res) =>
      res.sendFile(join(folder, 'none.txt'), (error: unknown) => error && res.status(404).end()),
  },
  '304 by ETag': {
    express: true,
    handler: (_req, res) => res.set('ETag', '"v1"').send('hello'),
    request: { headers: { 'If-None-Match': '"v1"' } },
  },
  'end()': { handler: (_req, res) => res.end() },
  'end(body)': { handler: (_req, res) => res.end('hello '.repeat(50)) },
  'end(body, encoding)': { handler: (_req, res) => res.end('aGVsbG8=', 'base64') },
  'write and end': {
    handler: (_req, res) => {
      res.write('hello ')
      res.write(Buffer.from('world '))
      res.end('end')
    },
  },
  'write(base64, callback) and end': {
    handler: (_req, res) =>
      new Promise<void>((resolve) => {
        res.write('aGVsbG8=', 'base64', () => resolve())
        res.end()
      }),
  },
  'writes after waiting': {
    streams: true,
    handler: async (_req, res) => {
      res.write('one ')
      await sleep(10)
      res.write('two ')
      await sleep(10)
      res.end('three')
    },
  },
  'pipe of 5 MB': {
    streams: true,
    handler: (_req, res) => void createReadStream(join(folder, 'large.txt')).pipe(res),
  },
  'pipeline of 5 MB': {
    streams: true,
    handler: (_req, res) => pipeline(createReadStream(join(folder, 'large.txt')), res).catch(() => {}),
  },
  'pipe of a few chunks': {
    streams: true,
    handler: (_req, res) => void Readable.from(['a', 'b', 'c']).pipe(res),
  },
  HEAD: { handler: (_req, res) => res.end('hello'), request: { method: 'HEAD' } },
  204: {
    handler: (_req, res) => {
      res.statusCode = 204
      res.end()
    },
  },
  'server-sent events': {
    streams: true,
    handler: async (_req, res) => {
      res.setHeader('Content-Type', 'text/event-stream')
      res.flushHeaders()
      for (let i = 0; i < 3; i++) {
        res.write(`data: ${i}\n\n`)
        res.flush?.()
        await sleep(5)
      }
      res.end()
    },
  },
  'flushHeaders, then end': {
    handler: (_req, res) => {
      res.setHeader('Content-Type', 'text/plain')
      res.flushHeaders()
      res.end('hello')
    },
  },
  'writeHead with an object': {
    handler: (_req, res) => {
      res.writeHead(201, { 'Content-Type': 'text/plain', 'X-Own': 'one', 'Set-Cookie': ['a=1', 'b=2'] })
      res.end('made')
    },
  },
  'writeHead with a reason': {
    http1: true,
    handler: (_req, res) => {
      res.writeHead(201, 'Made', { 'Content-Type': 'text/plain' })
      res.end('made')
    },
  },
  'writeHead with a flat array': {
    http1: true,
    handler: (_req, res) => {
      res.writeHead(201, ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      res.end('made')
    },
  },
  'writeHead with nested arrays': {
    http1: true,
    handler: (_req, res) => {
      res.writeHead(201, [
        ['Content-Type', 'text/plain'],
        ['X-Own', 'one'],
      ])
      res.end('made')
    },
  },
  'writeHead, write and end': {
    handler: (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': '10' })
      res.write('hello')
      res.end('world')
    },
  },
  trailers: {
    http1: true,
    handler: (_req, res) => {
      res.setHeader('Trailer', 'X-Sum')
      res.write('hello')
      res.addTrailers({ 'X-Sum': '5' })
      res.end()
    },
  },
  'trailers that no header announced': {
    http1: true,
    handler: (_req, res) => {
      res.writeHead(200)
      res.addTrailers({ 'X-Sum': '5' })
      res.end('hello')
    },
  },
  'early hints and 102': {
    handler: (_req, res) => {
      res.writeEarlyHints?.({ link: '</style.css>; rel=preload; as=style' })
      res.writeProcessing?.()
      res.end('hello')
    },
  },
}

const platforms: Platform[] = ['Express 5', 'Express 4', 'bare HTTP', 'HTTP/2']
const around: Layers[] = ['alone', 'with layers before', 'with layers after']

const cases = platforms.flatMap((platform) =>
  around.flatMap((layers) =>
    Object.entries(scenarios)
      .filter(
        ([, { express, http1 }]) =>
          !(express && !platform.startsWith('Express')) && !(http1 && platform === 'HTTP/2'),
      )
      .map(([name, scenario]) => ({ name, platform, layers, scenario })),
  ),
)

async function run(
  commit: Commit,
  { platform, layers, scenario }: (typeof cases)[number],
  accept = { 'Accept-Encoding': 'gzip' },
): Promise<Got> {
  const server = await serve({ platform, layers, commit, handler: scenario.handler })
  try {
    const { method, headers } = scenario.request ?? {}
    return await server.get({ ...(method && { method }), headers: { ...accept, ...headers } })
  } finally {
    server.close()
  }
}

const VARYING = ['date', 'set-cookie', 'cache-control', 'vary', 'connection', 'keep-alive']

/** What has to be the same with a session as without. */
function comparable({ status, headers, body, trailers }: Got) {
  const rest = Object.fromEntries(Object.entries(headers).filter(([name]) => !VARYING.includes(name)))
  // Whether a body is sent in one piece is up to Node; its length is checked with the body.
  const { 'content-length': _, 'transfer-encoding': __, ...shown } = rest
  const text = headers['content-encoding'] === 'gzip' && body.length > 0 ? gunzipSync(body) : body
  return { status, headers: shown, trailers, body: text.toString('latin1') }
}

const cookies = ({ headers }: Got) => headers['set-cookie'] ?? []
const isOurs = (cookie: string) => cookie.startsWith('sid=')

describe.each(cases)('$platform, $layers: $name', (one) => {
  test('is the same with a commit as without a session, and carries the cookie', async () => {
    const [plain, held] = [await run('no session', one), await run('a commit', one)]
    expect(comparable(held)).toEqual(comparable(plain))
    expect(cookies(held).filter((cookie) => !isOurs(cookie))).toEqual(cookies(plain))
    expect(cookies(held).filter(isOurs)).toHaveLength(1)
    expect(held.headers['cache-control']).toBe('no-store')
    expect(held.headers.vary).toMatch(/Cookie/)
  })

  test('is the same with nothing to commit', async () => {
    const [plain, passed] = [await run('no session', one), await run('nothing to commit', one)]
    expect(comparable(passed)).toEqual(comparable(plain))
    expect(cookies(passed)).toEqual(cookies(plain))
    expect(passed.headers['cache-control']).toEqual(plain.headers['cache-control'])
  })

  test('becomes a 503 when the commit fails: nothing of the response is left, and no cookie', async () => {
    const failed = await run('a failing commit', one)
    expect(failed.status).toBe(503)
    expect(cookies(failed)).toEqual([])
    for (const name of [
      'etag',
      'location',
      'last-modified',
      'content-range',
      'content-encoding',
      'trailer',
    ]) {
      // Compression may well compress the error page too; then the body says so itself.
      if (name === 'content-encoding' && failed.headers[name]) continue
      expect(failed.headers[name]).toBeUndefined()
    }
    if (one.name === 'HEAD') return
    const { body } = comparable(failed)
    const isPage = body === '{"code":"STORE_UNAVAILABLE"}'
    // Compression behind the gate works on another thread: what was one call for the handler comes through in parts.
    const mayStream = one.scenario.streams || one.layers === 'with layers after'
    if (mayStream) expect(isPage || body === 'Service Unavailable').toBe(true)
    else expect(isPage).toBe(true)
  })
})
