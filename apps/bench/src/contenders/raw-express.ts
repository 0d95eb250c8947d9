import { randomBytes } from 'node:crypto'
import type { Express, Request, Response } from 'express'
import { type Data, dataOf } from '../contender.ts'
import type { Mode } from '../scenario.ts'
import { plainExpress } from './plain-express.ts'

/** The few commands that the least of all session handling needs. */
export interface RawCommands {
  get(key: string): Promise<string | null>
  getAndExpire(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  del(key: string): Promise<unknown>
}

export const TTL = 86_400

/** The limit: a cookie that names a key, JSON at the key, one command per need, and no guarantee of any kind. */
export function rawExpress(mode: Mode, commands: RawCommands): Express {
  const app = plainExpress()
  const load = mode === 'rolling' ? commands.getAndExpire : commands.get
  const keyOf = (req: Request) => /(?:^|; )sid=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]

  async function read(req: Request): Promise<{ key: string; data: Data } | undefined> {
    const id = keyOf(req)
    if (id === undefined) return undefined
    const text = await load(`raw:${id}`)
    return text === null ? undefined : { key: `raw:${id}`, data: JSON.parse(text) as Data }
  }
  async function begin(res: Response, data: Data): Promise<void> {
    const id = randomBytes(24).toString('base64url')
    await commands.set(`raw:${id}`, JSON.stringify(data))
    res.setHeader('Set-Cookie', `sid=${id}; Path=/; HttpOnly; SameSite=Lax`)
  }

  app.get('/ignore', async (req, res) => {
    if (mode !== 'lazy') await read(req)
    res.json({ n: 0 })
  })
  app.get('/read', async (req, res) => {
    const session = await read(req)
    res.json({ n: session?.data.n ?? 0 })
  })
  app.get('/write', async (req, res) => {
    const session = await read(req)
    if (session) {
      session.data.n++
      await commands.set(session.key, JSON.stringify(session.data))
    }
    res.json({ n: session?.data.n ?? 0 })
  })
  app.get('/login', async (_req, res) => {
    await begin(res, { ...dataOf(200), user: 'ann' })
    res.json({ n: 0 })
  })
  app.get('/logout', async (req, res) => {
    const id = keyOf(req)
    if (id !== undefined) await commands.del(`raw:${id}`)
    res.json({ n: 0 })
  })
  app.get('/start', async (req, res) => {
    await begin(res, dataOf(Number(req.query.size)))
    res.json({ n: 0 })
  })
  return app
}
