import type { Request, Response } from 'express'
import { getIronSession } from 'iron-session'
import { type Contender, type Data, dataOf } from '../contender.ts'
import { plainExpress } from './plain-express.ts'

const options = {
  password: 'a password of at least thirty-two characters',
  cookieName: 'iron',
  cookieOptions: { secure: false },
}
const of = (req: Request, res: Response) => getIronSession<Data>(req, res, options)

/** The whole session in an encrypted cookie: no command, and no way to end it before its time. */
export const contender: Contender = {
  async start({ mode }) {
    // It has no eager mode: it is always lazy.
    if (mode === 'lazy') return undefined
    const app = plainExpress()
    app.get('/ignore', (_req, res) => void res.json({ n: 0 }))
    app.get('/read', async (req, res) => {
      const session = await of(req, res)
      if (mode === 'rolling') await session.save()
      res.json({ n: session.n ?? 0 })
    })
    app.get('/write', async (req, res) => {
      const session = await of(req, res)
      session.n++
      await session.save()
      res.json({ n: session.n })
    })
    app.get('/login', async (req, res) => {
      const session = await of(req, res)
      Object.assign(session, { user: 'ann' })
      await session.save()
      res.json({ n: 0 })
    })
    app.get('/logout', async (req, res) => {
      const session = await of(req, res)
      session.destroy()
      res.json({ n: 0 })
    })
    app.get('/start', async (req, res) => {
      const size = Number(req.query.size)
      // A cookie holds no more.
      if (size > 2000) return void res.status(413).json({})
      const session = await of(req, res)
      Object.assign(session, dataOf(size))
      await session.save()
      res.json({ n: 0 })
    })
    return app
  },
}
