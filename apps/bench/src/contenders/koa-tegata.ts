import { createSessions } from '@tegata/core'
import { destroySession, getSession, session } from '@tegata/koa'
import { ioredisStore } from '@tegata/store-ioredis'
import { Redis } from 'ioredis'
import Koa, { type Context } from 'koa'
import { type Contender, type Data, dataOf } from '../contender.ts'

/** Tegata with its defaults. */
export const contender: Contender = {
  async start({ redisUrl, mode }) {
    const store = ioredisStore(new Redis(redisUrl))
    const sessions = createSessions<Data>({ store, rolling: mode === 'rolling' })
    const app = new Koa()
    app.use(session(sessions, app, { lazy: mode === 'lazy' }))
    app.use(async (ctx) => {
      ctx.body = { n: (await handlers[ctx.path]?.(ctx)) ?? 0 }
    })
    return app.callback()
  },
}

const handlers: Record<string, (ctx: Context) => unknown> = {
  '/ignore': () => 0,
  '/read': async (ctx) => (await getSession<Data>(ctx)).data.n,
  '/write': async (ctx) => ++(await getSession<Data>(ctx)).data.n,
  '/login': async (ctx) => {
    const session = await getSession<Data>(ctx)
    await session.authenticate('ann')
    session.data.user = 'ann'
  },
  '/logout': async (ctx) => void (await destroySession(ctx)),
  '/start': async (ctx) => {
    const session = await getSession<Data>(ctx)
    session.data = dataOf(Number(ctx.query.size))
  },
}
