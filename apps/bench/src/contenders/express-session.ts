import { RedisStore } from 'connect-redis'
import type { Request } from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { type Contender, type Data, dataOf } from '../contender.ts'
import { plainExpress } from './plain-express.ts'

const dataIn = (req: Request) => req.session as unknown as Data
const promised = (work: (done: (error?: unknown) => void) => void) =>
  new Promise<void>((resolve, reject) => work((error) => (error ? reject(error) : resolve())))

let store: RedisStore

/** As its documentation recommends: nothing saved that did not change. */
export const contender: Contender = {
  async start({ redisUrl, mode }) {
    if (mode === 'lazy') return undefined
    const client = createClient({ url: redisUrl })
    await client.connect()
    store = new RedisStore({ client })
    const app = plainExpress()
    const options = {
      secret: 'a secret',
      resave: false,
      saveUninitialized: false,
      rolling: mode === 'rolling',
    }
    app.use(session({ store, ...options, cookie: { maxAge: 86_400_000 } }))

    app.get('/ignore', (_req, res) => void res.json({ n: 0 }))
    app.get('/read', (req, res) => void res.json({ n: dataIn(req).n ?? 0 }))
    app.get('/write', (req, res) => void res.json({ n: ++dataIn(req).n }))
    app.get('/login', async (req, res) => {
      await promised((done) => req.session.regenerate(done))
      Object.assign(dataIn(req), dataOf(200), { user: 'ann' })
      res.json({ n: 0 })
    })
    app.get('/logout', async (req, res) => {
      await promised((done) => req.session.destroy(done))
      res.json({ n: 0 })
    })
    app.get('/start', (req, res) => {
      Object.assign(dataIn(req), dataOf(Number(req.query.size)))
      res.json({ n: 0 })
    })
    return app
  },
  enumerate: async () => ((await store.all()) as unknown[]).length,
}
