import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
} from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { createSessions, type SessionOptions, type SessionStore, StoreUnavailableError } from '@tegata/core'
import type { AnyResponse } from '@tegata/node-response'
import { memoryStore } from '@tegata/store-memory'
import compression from 'compression'
import express5 from 'express'
// @ts-expect-error: the same package at another major, whose types are those of the name 'express'.
import express4 from 'express4'
import helmet from 'helmet'
import morgan from 'morgan'
import { getSession, session } from './index.ts'

/** What handlers of a scenario may use: with Express its `res.json` and kin, else Node's own. */
// biome-ignore lint/suspicious/noExplicitAny: the same handlers run on Express, on bare HTTP and on HTTP/2.
export type Handler = (req: any, res: any) => unknown

export type Platform = 'Express 5' | 'Express 4' | 'bare HTTP' | 'HTTP/2'
export type Layers = 'alone' | 'with layers before' | 'with layers after'
export type Commit = 'nothing to commit' | 'a commit' | 'a failing commit' | 'no session'

/** A store whose writes take a moment, and fail on demand. */
export function slowStore(fails = false, ms = 3): SessionStore {
  const store = memoryStore()
  const delayed =
    <Args extends unknown[], Answer>(verb: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      if (fails) throw new StoreUnavailableError('The store is down.')
      return verb(...args)
    }
  return {
    name: 'slow',
    supports: store.supports,
    read: store.read,
    touch: store.touch,
    create: delayed(store.create),
    replace: delayed(store.replace),
    rotate: delayed(store.rotate),
    destroy: delayed(store.destroy),
  }
}

type Middleware = (req: unknown, res: AnyResponse, next: (error?: unknown) => void) => void

const layers = (): Middleware[] => [
  helmet() as unknown as Middleware,
  morgan('tiny', { stream: { write: () => {} } }) as unknown as Middleware,
  compression({ threshold: 0 }) as unknown as Middleware,
]

export interface Setup {
  platform: Platform
  layers?: Layers
  commit?: Commit
  handler: Handler
  sessions?: Partial<SessionOptions>
}

/** A server on a free port, with a session that its handler changes if the commit is to have something to do. */
export async function serve({
  platform,
  layers: around = 'alone',
  commit = 'a commit',
  handler,
  sessions,
}: Setup) {
  const manager = createSessions({ store: slowStore(commit === 'a failing commit'), ...sessions })
  const own = commit === 'no session' ? [] : [session(manager) as unknown as Middleware]
  const chain: Middleware[] = [
    ...(around === 'with layers before' ? layers() : []),
    ...own,
    ...(around === 'with layers after' ? layers() : []),
    (req, res, next) => {
      const run = async () => {
        if (commit !== 'no session') {
          const { data } = await getSession(req as object)
          if (commit !== 'nothing to commit') data.n = 1
        }
        await handler(req, res)
      }
      run().catch(next)
    },
  ]
  const onError = (error: unknown, res: AnyResponse) => {
    const { status = 500, code = 'UNEXPECTED' } = error as { status?: number; code?: string }
    res.statusCode = status
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify({ code }))
  }
  const listener = platform.startsWith('Express')
    ? expressApp(platform, chain, onError)
    : bareApp(chain, onError)
  const server: Server =
    platform === 'HTTP/2' ? createHttp2Server(listener as never) : createServer(listener as RequestListener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    server,
    get: (options: GetOptions = {}) =>
      platform === 'HTTP/2' ? getHttp2(port, options) : getHttp(port, options),
    close: () => {
      ;(server as Partial<import('node:http').Server>).closeAllConnections?.()
      server.close()
    },
  }
}

type OnError = (error: unknown, res: AnyResponse) => void

function expressApp(platform: Platform, chain: Middleware[], onError: OnError) {
  const app = platform === 'Express 5' ? express5() : (express4 as unknown as typeof express5)()
  app.disable('x-powered-by')
  for (const middleware of chain) app.use(middleware as never)
  app.use(((error: unknown, _req: unknown, res: AnyResponse, _next: unknown) => onError(error, res)) as never)
  return app
}

/** What Express does with a chain, for servers without it. */
function bareApp(chain: Middleware[], onError: OnError) {
  return (req: unknown, res: AnyResponse) => {
    let at = 0
    const next = (error?: unknown) => {
      if (error) return onError(error, res)
      chain[at++]?.(req, res, next)
    }
    next()
  }
}

export interface GetOptions {
  method?: string
  headers?: Record<string, string>
}

export interface Got {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  trailers: Record<string, unknown>
}

export function getHttp(port: number, { method = 'GET', headers = {} }: GetOptions): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', method, headers, agent: false, timeout: 5000 },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0, trailers } = response
          resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks), trailers })
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', reject)
    request.end()
  })
}

async function getHttp2(port: number, { method = 'GET', headers = {} }: GetOptions): Promise<Got> {
  const client = connect(`http://127.0.0.1:${port}`)
  try {
    return await new Promise<Got>((resolve, reject) => {
      client.on('error', reject)
      const stream = client.request({ ':path': '/', ':method': method, ...headers })
      const got: Got = { status: 0, headers: {}, body: Buffer.alloc(0), trailers: {} }
      const chunks: Buffer[] = []
      stream.setTimeout(5000, () => stream.destroy(new Error('no answer')))
      stream.on('response', ({ ':status': status, ...rest }) => {
        got.status = Number(status)
        got.headers = rest as IncomingHttpHeaders
      })
      stream.on('trailers', (trailers) => {
        got.trailers = trailers
      })
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('error', reject)
      stream.on('end', () => resolve({ ...got, body: Buffer.concat(chunks) }))
      stream.end()
    })
  } finally {
    client.close()
  }
}
