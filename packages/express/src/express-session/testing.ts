import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionOptions } from './index.ts'
import session from './index.ts'

/** As handlers of a test see them. */
// biome-ignore lint/suspicious/noExplicitAny: the same handlers run under express-session and under the drop-in.
export type Handler = (req: any, res: any) => unknown

export type Factory = (options: Record<string, unknown>) => unknown

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
  /** `Set-Cookie`, one by one. */
  cookies: string[]
}

export interface Server {
  get(path?: string, cookie?: string, options?: GetOptions): Promise<Answer>
  /** What came to `next` after a response had begun. */
  late: unknown[]
  close(): void
}

export interface GetOptions {
  method?: string
  headers?: Record<string, string>
}

export interface Setup {
  options?: Record<string, unknown>
  handler?: Handler
  /** Runs before the middleware. */
  before?: Handler
  create?: Factory
}

/** A bare server: the session's middleware, a handler, and errors answered by their message. */
export async function serve({ options = {}, handler, before, create }: Setup = {}): Promise<Server> {
  const settings = { secret: 'keyboard cat', cookie: { maxAge: 60_000 }, ...options }
  const factory = create ?? ((given) => session(given as never as SessionOptions))
  const middleware = factory(settings) as (
    req: unknown,
    res: unknown,
    next: (error?: unknown) => void,
  ) => void
  const late: unknown[] = []
  const server = await listen((req, res) => {
    before?.(req, res)
    middleware(req, res, (error) => {
      if (!error) return run(handler ?? ((_req, response) => response.end()), req, res)
      if (res.headersSent) return late.push(error)
      const { status = 500, message } = error as { status?: number; message: string }
      res.statusCode = status
      res.end(message)
    })
  })
  return { ...server, late }
}

async function run(handler: Handler, req: unknown, res: unknown): Promise<void> {
  try {
    await handler(req, res)
  } catch (error) {
    const response = res as { statusCode: number; end(body: string): void }
    response.statusCode = 500
    response.end(`handler: ${(error as Error).message}`)
  }
}

/** A server on a free port of loopback, and a client for it. */
export async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    get: (path = '/', cookie?: string, options: GetOptions = {}) => request(port, path, cookie, options),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function request(
  port: number,
  path: string,
  cookie: string | undefined,
  options: GetOptions,
): Promise<Answer> {
  const { method = 'GET', headers = {} } = options
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        ...{ port, path, method, host: '127.0.0.1', agent: false, timeout: 10_000 },
        headers: { ...headers, ...(cookie && { Cookie: cookie }) },
      },
      (res) => {
        let body = ''
        res.setEncoding('utf8')
        res.on('data', (chunk) => {
          body += chunk
        })
        res.on('error', reject)
        res.on('end', () => {
          const cookies = res.headers['set-cookie'] ?? []
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body, cookies })
        })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** What a browser sends back of a response's session cookie. */
export const cookieOf = ({ cookies }: Answer, name = 'connect.sid'): string =>
  cookies.find((cookie) => cookie.startsWith(`${name}=`))?.split(';')[0] ?? ''

/** The id in a session cookie. */
export function idOf(answer: Answer, name?: string): string {
  const value = decodeURIComponent(cookieOf(answer, name).split('=')[1] ?? '')
  return value.slice(2, value.lastIndexOf('.'))
}

/** A cookie's attributes by lower-case name. */
export function attributesOf(answer: Answer, name = 'connect.sid'): Record<string, string | true> {
  const cookie = answer.cookies.find((candidate) => candidate.startsWith(`${name}=`))
  if (!cookie) throw new Error(`The response sets no cookie '${name}'.`)
  const pairs = cookie.split('; ').map((part) => part.split('='))
  return Object.fromEntries(pairs.map(([key = '', value]) => [key.toLowerCase(), value ?? true]))
}
