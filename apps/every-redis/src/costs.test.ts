import { clusterOrSkip, type RedisServer, redisOrSkip, sentinelsOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterClients, type Opened, sentinelClients, standaloneClients } from './clients.ts'
import { Traffic } from './traffic.ts'
import { sessionsOn, Visitor } from './visitors.ts'

/** A kind of request, what precedes it, and how many commands it may take at most: on one server, and on a Cluster. */
interface Request {
  name: string
  prepare?(visitor: Visitor): Promise<unknown>
  make(visitor: Visitor): Promise<unknown>
  rolling?: boolean
  most: number
  mostOnCluster?: number
}

const start = (visitor: Visitor) => visitor.count()

const requests: readonly Request[] = [
  { name: 'no cookie', make: (visitor) => visitor.read(), most: 0 },
  { name: 'read', prepare: start, make: (visitor) => visitor.read(), most: 1 },
  { name: 'read, rolling', prepare: start, make: (visitor) => visitor.read(), rolling: true, most: 1 },
  { name: 'first write: a new session', make: start, most: 1 },
  { name: 'write', prepare: start, make: start, most: 2 },
  {
    name: 'login without an old session',
    make: (visitor) => visitor.login('ann'),
    most: 1,
    mostOnCluster: 2,
  },
  {
    name: 'login with an old session',
    prepare: start,
    make: (visitor) => visitor.login('ann'),
    most: 2,
    mostOnCluster: 4,
  },
  { name: 'new id', prepare: start, make: (visitor) => visitor.rotate(), most: 2, mostOnCluster: 3 },
  { name: 'logout: lazy', prepare: start, make: (visitor) => visitor.logout(), most: 1 },
  {
    name: 'logout: eager',
    prepare: start,
    make: (visitor) => visitor.request((session) => session.destroy()),
    most: 2,
  },
]

/** Of a script's first call on each server more would be sent. */
const WARM_UPS = 30
const TIMES = 8

interface Cost {
  request: string
  topology: string
  client: string
  commands: number
  input: number
  output: number
}

const costs: Cost[] = []
const COMMANDS = ['GET', 'EVAL', 'EVALSHA', 'UNLINK', 'SCAN', 'SET', 'PEXPIRE']

function measured<S>(
  topology: string,
  clients: Record<string, (servers: S) => Promise<Opened>>,
  given: S,
  primaries: () => Promise<readonly RedisServer[]>,
): void {
  describe.each(Object.entries(clients))(`${topology}, %s`, (client, open) => {
    let opened: Opened
    let servers: readonly RedisServer[]
    beforeAll(async () => {
      opened = await open(given)
      servers = await primaries()
    })
    afterAll(() => opened.close())

    test.each(requests)('$name', async ({ name, prepare, make, rolling = false, most, mostOnCluster }) => {
      const sessions = sessionsOn(opened.store, { rolling })
      const prepared = async () => {
        const visitor = new Visitor(sessions)
        await prepare?.(visitor)
        return visitor
      }
      for (let i = 0; i < WARM_UPS; i++) await make(await prepared())

      const visitors = await Promise.all(Array.from({ length: TIMES }, prepared))
      const monitors = await Promise.all(servers.map((server) => server.monitor()))
      const counts = new Set<number>()
      for (const visitor of visitors) {
        await make(visitor)
        const sent = (await Promise.all(monitors.map((monitor) => monitor.names()))).flat()
        counts.add(sent.filter((command) => COMMANDS.includes(command)).length)
      }
      for (const monitor of monitors) monitor.stop()
      expect(counts.size).toBe(1)
      const [commands = 0] = counts
      expect(commands).toBeLessThanOrEqual(topology === 'Cluster' ? (mostOnCluster ?? most) : most)

      const traffic = await Traffic.open(servers)
      const bytes = []
      for (const visitor of await Promise.all(Array.from({ length: TIMES }, prepared))) {
        bytes.push(await traffic.during(() => make(visitor)))
      }
      traffic.close()
      // Sentinels and replicas talk in between, too.
      const input = Math.min(...bytes.map((counted) => counted.input))
      const output = Math.min(...bytes.map((counted) => counted.output))
      costs.push({ request: name, topology, client, commands, input, output })
    })
  })
}

await redisOrSkip('what a request costs', (redis) => {
  measured('standalone', standaloneClients, redis, async () => [redis])
})
await clusterOrSkip('what a request costs', (cluster) => {
  measured('Cluster', clusterClients, cluster, () => cluster.primaries())
})
await sentinelsOrSkip('what a request costs', (sentinels) => {
  measured('Sentinel', sentinelClients, sentinels, async () => [await sentinels.primary()])

  // The last of the file, and only where there is a Redis.
  test('the committed table of costs is true', async () => {
    await expect(`${JSON.stringify(costs, null, 2)}\n`).toMatchFileSnapshot('../costs.json')
  })
})
