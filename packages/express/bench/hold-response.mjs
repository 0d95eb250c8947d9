// What holding a response costs: CPU of an Express server per request, in interleaved rounds.
//   npm run build && node packages/express/bench/hold-response.mjs [rounds]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'

const self = fileURLToPath(import.meta.url)
const [rounds = 15] = process.argv.slice(2).map(Number)
const REQUESTS = 3000
const CONNECTIONS = 32

/** Each answers the same 200 bytes. */
const variants = {
  bare: 'no middleware',
  unused: 'sessions, not used by the request: calls pass straight through',
  passed: 'session read, nothing to commit: calls pass straight through',
  held: 'a commit that is over at once, and a Set-Cookie',
  written: 'a session written to the memory store',
}

if (process.env.VARIANT) await serve(process.env.VARIANT)
else await measure()

async function serve(variant) {
  const { default: express } = await import('express')
  const { createSessions } = await import('@tegata/core')
  const { memoryStore } = await import('@tegata/store-memory')
  const { getSession, session } = await import('@tegata/express')
  const app = express()
  app.disable('x-powered-by')
  const sessions = createSessions({ store: memoryStore() })
  if (variant === 'held') {
    const setCookie = 'sid=12345678901234567890123456789012; Path=/; HttpOnly; SameSite=Lax'
    sessions.open = () => {
      let pending = Promise.resolve()
      return {
        load: () => undefined,
        session: async () => ({ data: {} }),
        commit() {
          const commit = pending
          pending = undefined
          return commit
        },
        headers: () => ({ vary: true, setCookie }),
        seal: () => {},
      }
    }
  }
  if (variant !== 'bare') app.use(session(sessions))
  let n = 0
  app.get('/', async (req, res) => {
    if (variant !== 'bare' && variant !== 'unused') {
      const { data } = await getSession(req)
      if (variant === 'written') data.n = ++n
    }
    res.json({ text: 'x'.repeat(185) })
  })
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', (message) => {
    if (message === 'cpu') process.send(process.cpuUsage())
    else process.exit()
  })
}

async function measure() {
  const servers = {}
  for (const name of Object.keys(variants)) {
    const child = fork(self, { env: { ...process.env, VARIANT: name, NODE_ENV: 'production' } })
    const [{ port }] = await once(child, 'message')
    servers[name] = { child, port, figures: [] }
    await load(port)
  }
  for (let round = 0; round < rounds; round++) {
    for (const server of Object.values(servers)) {
      const before = await cpu(server.child)
      await load(server.port)
      const after = await cpu(server.child)
      server.figures.push((after.user + after.system - before.user - before.system) / REQUESTS)
    }
    process.stderr.write(`\rround ${round + 1} of ${rounds}`)
  }
  process.stderr.write('\n')
  const median = (figures) => figures.sort((a, b) => a - b)[figures.length >> 1]
  const bare = median(servers.bare.figures)
  console.table(
    Object.fromEntries(
      Object.entries(servers).map(([name, { figures }]) => [
        name,
        {
          'CPU µs per request': Math.round(median(figures)),
          'more than bare': Math.round(median(figures) - bare),
          'spread ±%': Math.round((50 * (figures.at(-2) - figures[1])) / median(figures)),
          what: variants[name],
        },
      ]),
    ),
  )
  for (const { child } of Object.values(servers)) child.send('end')
}

async function cpu(child) {
  child.send('cpu')
  const [usage] = await once(child, 'message')
  return usage
}

async function load(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let sent = 0
  const worker = async () => {
    while (sent++ < REQUESTS) {
      await new Promise((resolve, reject) => {
        request({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end()
      })
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  agent.destroy()
}
