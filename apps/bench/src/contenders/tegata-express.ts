import { createSessions, type EnumerableStore, type SessionStore } from '@tegata/core'
import { destroySession, getSession, session } from '@tegata/express'
import type { Contender } from '../contender.ts'
import { type Data, dataOf } from '../contender.ts'
import { countKeys } from '../count-keys.ts'
import { beginSessions } from './begin-sessions.ts'
import { plainExpress } from './plain-express.ts'

/** Tegata with its defaults, over a store that is made when the server starts. */
export function tegataExpress(
  createStore: (redisUrl: string) => SessionStore | Promise<SessionStore>,
): Contender {
  let store: SessionStore
  return {
    async start({ redisUrl, mode }) {
      store = await createStore(redisUrl)
      const sessions = createSessions<Data>({ store, rolling: mode === 'rolling' })
      const app = plainExpress()
      app.use(session(sessions, { lazy: mode === 'lazy' }))

      app.get('/ignore', (_req, res) => void res.json({ n: 0 }))
      app.get('/read', async (req, res) => {
        const { data } = await getSession<Data>(req)
        res.json({ n: data.n ?? 0 })
      })
      app.get('/write', async (req, res) => {
        const { data } = await getSession<Data>(req)
        data.n++
        res.json({ n: data.n })
      })
      app.get('/login', async (req, res) => {
        const session = await getSession<Data>(req)
        await session.authenticate('ann')
        session.data.user = 'ann'
        res.json({ n: 0 })
      })
      app.get('/logout', async (req, res) => {
        await destroySession(req)
        res.json({ n: 0 })
      })
      app.get('/start', async (req, res) => {
        const session = await getSession<Data>(req)
        session.data = dataOf(Number(req.query.size))
        res.json({ n: 0 })
      })
      return app
    },
    fill: (count, data) => beginSessions(createSessions<Data>({ store }), count, data),
    enumerate: async () =>
      store.supports.enumerate ? countKeys(store as EnumerableStore, 'tegata:') : Number.NaN,
  }
}
