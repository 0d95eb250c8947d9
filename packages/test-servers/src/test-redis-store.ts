import { type StoreFixture, testSessionStore } from '@tegata/store-test'
import { afterAll, beforeAll, describe } from 'vitest'
import { ConformanceRows } from './conformance-rows.ts'
import type { RedisCluster } from './redis-cluster.ts'
import { clusterOrSkip, redisOrSkip, sentinelsOrSkip } from './redis-or-skip.ts'
import type { RedisSentinels } from './redis-sentinels.ts'
import type { RedisServer } from './redis-server.ts'

/** A user of Redis that may do what the documentation says is needed, and nothing else. */
export const user = { username: 'tegata', password: 'a-password' } as const

/** The commands of stores, as `docs/redis.md` lists them, and those that clients greet with. */
const ALLOWED = [
  ...['get', 'set', 'getrange', 'type', 'pttl', 'pexpire', 'persist', 'unlink', 'time'],
  ...['hget', 'hset', 'hdel', 'hlen', 'hexists', 'hgetall', 'hrandfield'],
  ...['eval', 'evalsha', 'scan', 'ping'],
  ...['client|id', 'client|tracking', 'subscribe'],
].map((command) => `+${command}`)
const CHANNEL = '&__redis__:invalidate'

export const allowUser = (redis: RedisServer, ...rules: string[]) =>
  redis.cli(
    ...[
      'acl',
      'setuser',
      user.username,
      'reset',
      'on',
      `>${user.password}`,
      '~*',
      CHANNEL,
      ...ALLOWED,
      ...rules,
    ],
  )

interface Client {
  on(event: 'error', listener: () => void): unknown
}

/** By name, how a client is made that is not connected yet, or about to be. */
type Clients<C, Servers> = Record<string, (servers: Servers) => C>

export interface RedisStoreSuite<C extends Client> {
  createStore(client: C): StoreFixture['store']
  connect?(client: C): Promise<unknown>
  close(client: C): unknown
  standalone: Clients<C, RedisServer>
  tls: Clients<C, RedisServer>
  unixSocket: Clients<C, RedisServer>
  /** As `user`. */
  acl: Clients<C, RedisServer>
  cluster: Clients<C, RedisCluster>
  sentinel: Clients<C, RedisSentinels>
  /** Those that cannot be watched through, as `Sentinel, a client's name`. */
  blind?: readonly string[]
  /** A file beside the test that its rows are kept in. */
  rows: string
}

/** Clients at the same time, each with its own connections. */
const CLIENTS = 4

/** Those that hold keys while a suite runs, and the one that holds this one. */
interface Servers {
  primaries: readonly RedisServer[]
  holding(key: string): Promise<RedisServer>
}

/** The store contract through every client of a library, on every Redis that it may be used with. To be awaited. */
export async function testRedisStore<C extends Client>(suite: RedisStoreSuite<C>): Promise<void> {
  const rows = new ConformanceRows()

  function conformance<S>(
    topology: string,
    clients: Clients<C, S>,
    given: S,
    find: () => Promise<Servers>,
  ): void {
    describe.each(Object.entries(clients))(`${topology}, %s`, (name, create) => {
      let opened: C[]
      let servers: Servers
      beforeAll(async () => {
        servers = await find()
        opened = Array.from({ length: CLIENTS }, () => create(given))
        for (const client of opened) {
          client.on('error', () => {})
          await suite.connect?.(client)
        }
      })
      afterAll(() => {
        for (const client of opened) suite.close(client)
      })
      testSessionStore({
        test: rows.row(name, topology),
        supports: {
          conditional: true,
          shared: true,
          enumerate: true,
          owners: true,
          watch: !suite.blind?.includes(`${topology}, ${name}`),
        },
        async createStore() {
          const { primaries, holding } = servers
          await Promise.all(primaries.map((redis) => redis.flush()))
          let next = 0
          const another = () => suite.createStore(opened[next++ % CLIENTS] as C)
          return {
            store: another(),
            another,
            putForeign: async (key) => void (await (await holding(key)).cli('rpush', key, 'an element')),
            interrupt: async () => void (await Promise.all(primaries.map((redis) => redis.killClients()))),
          }
        },
      })
    })
  }

  await redisOrSkip(
    'one server',
    (redis) => {
      beforeAll(() => allowUser(redis))
      const find = async () => ({ primaries: [redis], holding: async () => redis })
      const { standalone, tls, unixSocket, acl } = suite
      const doors = { standalone, TLS: tls, 'unix socket': unixSocket, 'user and password': acl }
      for (const [door, clients] of Object.entries(doors)) conformance(door, clients, redis, find)
    },
    { tls: true },
  )
  await clusterOrSkip('a cluster', (cluster) => {
    conformance('Cluster', suite.cluster, cluster, async () => ({
      primaries: await cluster.primaries(),
      holding: (key) => cluster.primaryOf(key),
    }))
  })
  await sentinelsOrSkip('sentinels', (sentinels) => {
    conformance('Sentinel', suite.sentinel, sentinels, async () => {
      const primary = await sentinels.primary()
      return { primaries: [primary], holding: async () => primary }
    })
  })
  rows.expectAsIn(suite.rows)
}
