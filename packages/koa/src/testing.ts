import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSessions, type SessionOptions, type SessionStore, StoreUnavailableError } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import Koa3, { type Context, type Middleware } from 'koa'
// @ts-expect-error: the same package at another major, whose types are those of the name 'koa'.
import Koa2 from 'koa2'
import { type ContextSession, type SessionMiddlewareOptions, session } from './index.ts'

declare module './global.ts' {
  interface SessionData {
    n?: number
  }
}

export type Data = Record<string, unknown>
export type Handler = (ctx: Context & { session: ContextSession | null }) => unknown

export const koas: Record<string, typeof Koa3> = { 'Koa 3': Koa3, 'Koa 2': Koa2 as typeof Koa3 }

const closing: (() => void)[] = []

/** For `afterEach`. */
export function closeAll(): void {
  for (const close of closing.splice(0)) close()
}

export async function listen(app: Koa3): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface BrowserOptions extends Partial<SessionOptions<Data>> {
  middleware?: SessionMiddlewareOptions
  /** Mounted before the sessions, and after them. */
  before?: Middleware[]
  after?: Middleware[]
  koa?: string
}

/** A browser with its cookies, before an application with these handlers. */
export async function browser(
  handlers: Record<string, Handler>,
  { middleware, before = [], after = [], koa = 'Koa 3', ...options }: BrowserOptions = {},
) {
  const store = (options.store ?? memoryStore()) as ReturnType<typeof memoryStore>
  const sessions = createSessions<Data>({ ...options, store })
  const app = new (koas[koa] as typeof Koa3)()
  app.proxy = true
  const errors: { code?: string; message: string }[] = []
  app.on('error', (error) => errors.push(error))
  for (const one of before) app.use(one)
  app.use(session(sessions, app, middleware))
  for (const one of after) app.use(one)
  app.use(async (ctx) => {
    const answer = await handlers[ctx.path]?.(ctx as never)
    if (answer !== undefined) ctx.body = answer
  })
  const address = await listen(app)
  const jar = new Map<string, string>()
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    app,
    store,
    sessions,
    errors,
    jar,
    cookie,
    async get(
      path: string,
      { headers = {}, method = 'GET' }: { headers?: Record<string, string>; method?: string } = {},
    ) {
      const response = await fetch(address + path, {
        method,
        redirect: 'manual',
        headers: { ...(jar.size > 0 && { cookie: cookie() }), ...headers },
      })
      const setCookies = response.headers.getSetCookie()
      for (const one of setCookies) take(jar, one)
      const text = await response.text()
      return { status: response.status, headers: response.headers, setCookies, text, body: parse(text) }
    },
  }
}

/** What a browser does with a Set-Cookie header. */
export function take(jar: Map<string, string>, cookie: string): void {
  const [name = '', value = ''] = (cookie.split(';')[0] as string).split(/=(.*)/)
  if (/Max-Age=0|expires=Thu, 01 Jan 1970/i.test(cookie)) jar.delete(name)
  else jar.set(name, value)
}

function parse(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A store whose writes take a moment, and fail on demand. */
export function slowStore(ms = 3, fails: () => boolean = () => false): SessionStore & { calls: string[] } {
  const store = memoryStore()
  const calls: string[] = []
  const counted =
    <Args extends unknown[], Answer>(
      name: string,
      verb: (...args: Args) => Promise<Answer>,
      isWrite: boolean,
    ) =>
    async (...args: Args) => {
      calls.push(name)
      if (isWrite) {
        await new Promise((resolve) => setTimeout(resolve, ms))
        if (fails()) throw new StoreUnavailableError('The store is down.')
      }
      return verb(...args)
    }
  return {
    name: 'slow',
    supports: store.supports,
    calls,
    read: counted('read', store.read, false),
    touch: counted('touch', store.touch, true),
    create: counted('create', store.create, true),
    replace: counted('replace', store.replace, true),
    rotate: counted('rotate', store.rotate, true),
    destroy: counted('destroy', store.destroy, true),
  }
}
