import { Redis } from 'ioredis'
import Koa, { type Context } from 'koa'
import { createSession } from 'koa-session'
import { type Contender, type Data, dataOf } from '../contender.ts'

type Handler = (session: Data & { regenerate(): Promise<void> }, ctx: Context) => unknown

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    const redis = new Redis(redisUrl)
    const app = new Koa()
    app.keys = ['a secret']
    const store = {
      async get(key: string) {
        const text = await redis.get(`koa:${key}`)
        return text === null ? undefined : JSON.parse(text)
      },
      set: (key: string, value: object, maxAge?: number | 'session') =>
        redis.set(`koa:${key}`, JSON.stringify(value), 'PX', Number(maxAge)),
      destroy: (key: string) => redis.del(`koa:${key}`),
    }
    app.use(createSession({ store, rolling: mode === 'rolling', maxAge: 86_400_000 } as never, app))
    app.use(async (ctx) => {
      const handler = handlers[ctx.path]
      const session = ctx.path === '/ignore' ? undefined : (ctx as unknown as { session: never }).session
      ctx.body = { n: (await handler?.(session as never, ctx)) ?? 0 }
    })
    return app.callback()
  },
}

const handlers: Record<string, Handler> = {
  '/ignore': () => 0,
  '/read': ({ n }) => n,
  '/write': (session) => ++session.n,
  '/login': async (session) => {
    await session.regenerate()
    session.user = 'ann'
  },
  '/logout': (_, ctx) => {
    ;(ctx as unknown as { session: null }).session = null
  },
  '/start': (session, ctx) => void Object.assign(session, dataOf(Number(ctx.query.size))),
}
