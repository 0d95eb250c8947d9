import { randomBytes } from 'node:crypto'
import type { Express, Request, Response } from 'express'
import { type Contender, type Data, dataOf, loginData } from '../contender.ts'
import { inBatches } from '../in-batches.ts'
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

/** As connect-redis has it: a shorter one would take less memory for no reason of sessions. */
const keyOf = (id: string) => `sess:${id}`
/** 192 random bits, as express-session makes them. */
const createId = () => randomBytes(24).toString('base64url')

/** The limit: a cookie that names a key, JSON at the key, one command per need, and no guarantee of any kind. */
export function rawExpress(connect: (redisUrl: string) => RawCommands | Promise<RawCommands>): Contender {
  let commands: RawCommands
  return {
    async start({ redisUrl, mode }) {
      commands = await connect(redisUrl)
      return application(mode, commands)
    },
    async fill(count, data) {
      await inBatches(count, () => commands.set(keyOf(createId()), JSON.stringify(data)))
    },
  }
}

function application(mode: Mode, commands: RawCommands): Express {
  const app = plainExpress()
  const load = mode === 'rolling' ? commands.getAndExpire : commands.get
  const idOf = (req: Request) => /(?:^|; )sid=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]

  async function read(req: Request): Promise<{ key: string; data: Data } | undefined> {
    const id = idOf(req)
    if (id === undefined) return undefined
    const text = await load(keyOf(id))
    return text === null ? undefined : { key: keyOf(id), data: JSON.parse(text) as Data }
  }
  async function begin(res: Response, data: Data): Promise<void> {
    const id = createId()
    await commands.set(keyOf(id), JSON.stringify(data))
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
    await begin(res, loginData)
    res.json({ n: 0 })
  })
  app.get('/logout', async (req, res) => {
    const id = idOf(req)
    if (id !== undefined) await commands.del(keyOf(id))
    res.json({ n: 0 })
  })
  app.get('/start', async (req, res) => {
    await begin(res, dataOf(Number(req.query.size)))
    res.json({ n: 0 })
  })
  return app
}
