import type { Express, Request, RequestHandler } from 'express'
import type { SessionOptions } from 'express-session'
import { type Data, dataOf, loginData } from '../contender.ts'
import type { Mode } from '../scenario.ts'
import { plainExpress } from './plain-express.ts'

const dataIn = (req: Request) => req.session as unknown as Data
const promised = (work: (done: (error?: unknown) => void) => void) =>
  new Promise<void>((resolve, reject) => work((error) => (error ? reject(error) : resolve())))

/** As express-session's documentation recommends: nothing saved that did not change. */
export const optionsFor = (mode: Mode) =>
  ({
    secret: 'a secret',
    resave: false,
    saveUninitialized: false,
    rolling: mode === 'rolling',
    cookie: { maxAge: 86_400_000 },
  }) satisfies SessionOptions

/** An application for express-session, or for what takes its place. */
export function sessionExpress(session: RequestHandler): Express {
  const app = plainExpress()
  app.use(session)
  app.get('/ignore', (_req, res) => void res.json({ n: 0 }))
  app.get('/read', (req, res) => void res.json({ n: dataIn(req).n ?? 0 }))
  app.get('/write', (req, res) => void res.json({ n: ++dataIn(req).n }))
  app.get('/login', async (req, res) => {
    await promised((done) => req.session.regenerate(done))
    Object.assign(dataIn(req), loginData)
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
}

/** A store in memory warns that it is none for production: here it is meant. */
export function unwarned<T>(create: () => T): T {
  const { warn } = console
  console.warn = () => {}
  try {
    return create()
  } finally {
    console.warn = warn
  }
}
