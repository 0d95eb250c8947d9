import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import Fastify, { type FastifyRequest } from 'fastify'
import { createClient } from 'redis'
import { type Contender, type Data, dataOf, loginData } from '../contender.ts'
import { listenerOf } from './plain-fastify.ts'

const dataIn = (req: FastifyRequest) => req.session as unknown as Data

let store: RedisStore

export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    const client = createClient({ url: redisUrl })
    await client.connect()
    store = new RedisStore({ client, prefix: 'fastify:' })
    const app = Fastify()
    await app.register(cookie)
    await app.register(session, {
      store: store as never,
      secret: 'a secret of at least thirty-two characters',
      saveUninitialized: false,
      rolling: mode === 'rolling',
      cookie: { secure: false, maxAge: 86_400_000 },
    })
    app.get('/ignore', async () => ({ n: 0 }))
    app.get('/read', async (req) => ({ n: dataIn(req).n ?? 0 }))
    app.get('/write', async (req) => ({ n: ++dataIn(req).n }))
    app.get('/login', async (req) => {
      await req.session.regenerate()
      Object.assign(dataIn(req), loginData)
      return { n: 0 }
    })
    app.get('/logout', async (req) => {
      await req.session.destroy()
      return { n: 0 }
    })
    app.get('/start', async (req) => {
      Object.assign(dataIn(req), dataOf(Number((req.query as { size: string }).size)))
      return { n: 0 }
    })
    return listenerOf(app)
  },
  enumerate: async () => ((await store.all()) as unknown[]).length,
}
