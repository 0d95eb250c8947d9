import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sessions } from '@tegata/core'
import { type ContextSession, destroySession, getSession, session } from '@tegata/koa'
import Koa, { type Context } from 'koa'

type Data = Record<string, unknown>
type Handler = (ctx: Context & { session: ContextSession<Data> | null }) => unknown

/** The shop in Koa, its handlers as users of koa-session write them. */
export function koaApp(sessions: Sessions<Data>, { lazy }: { lazy: boolean }): RequestListener {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { status = 500, code = 'UNEXPECTED' } = error as { status?: number; code?: string }
      ctx.status = status
      ctx.body = { code }
    }
  })
  app.use(session(sessions, app, { lazy }))
  app.use(async (ctx) => {
    ctx.body = (await handlers[ctx.path.slice(1)]?.(ctx as never)) ?? {}
  })
  return app.callback() as RequestListener
}

/** Between loading the session and using it, as a slow handler would. */
const pause = (ctx: Context) => (ctx.query.ms ? sleep(Number(ctx.query.ms)) : undefined)

const handlers: Record<string, Handler> = {
  ignore: () => ({}),
  async read(ctx) {
    const { owner = null } = await getSession(ctx)
    const found = { isNew: ctx.session?.isNew, owner, data: { ...ctx.session } }
    await pause(ctx)
    return found
  },
  async write(ctx) {
    await getSession(ctx)
    await pause(ctx)
    Object.assign(ctx.session as object, { [String(ctx.query.key)]: true })
  },
  async count(ctx) {
    const session = await getSession<Data>(ctx)
    await pause(ctx)
    await session.update((data) => {
      data.n = ((data.n as number) ?? 0) + 1
    })
  },
  async login(ctx) {
    const session = await getSession<Data>(ctx)
    await pause(ctx)
    await session.authenticate(String(ctx.query.owner))
    session.data.start = true
  },
  async rotate(ctx) {
    await getSession(ctx)
    await ctx.session?.regenerate()
  },
  async logout(ctx) {
    if (ctx.query.how === 'null') ctx.session = null
    else await destroySession(ctx)
  },
}
