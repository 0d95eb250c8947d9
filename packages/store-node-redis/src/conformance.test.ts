import {
  type RedisCluster,
  type RedisSentinels,
  type RedisServer,
  testRedisStore,
  user,
} from '@tegata/test-servers'
import * as redis6 from 'redis'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'
import * as redis5 from './testing.ts'

interface Client extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

const tls = ({ tls: { port, ca } }: RedisServer) => ({
  socket: { host: '127.0.0.1', port, tls: true, ca } as const,
})
const unixSocket = ({ socket }: RedisServer) => ({ socket: { path: socket, tls: false } as const })
const cluster = ({ nodes }: RedisCluster) => ({ rootNodes: nodes.map((socket) => ({ socket })) })
const sentinel = ({ nodes, name }: RedisSentinels) => ({ name, sentinelRootNodes: nodes })

await testRedisStore<Client>({
  createStore: (client) => nodeRedisStore(client),
  connect: (client) => client.connect(),
  close: (client) => client.destroy(),
  standalone: {
    'node-redis 5': ({ url }) => redis5.createClient({ url }),
    'node-redis 5, pool': ({ url }) => redis5.createClientPool({ url }),
    'node-redis 6, RESP2': ({ url }) => redis6.createClient({ url, RESP: 2 }),
    'node-redis 6, RESP3': ({ url }) => redis6.createClient({ url, RESP: 3 }),
    'node-redis 6, pool': ({ url }) => redis6.createClientPool({ url }),
  },
  tls: {
    'node-redis 5': (redis) => redis5.createClient(tls(redis)),
    'node-redis 6': (redis) => redis6.createClient(tls(redis)),
  },
  unixSocket: {
    'node-redis 5': (redis) => redis5.createClient(unixSocket(redis)),
    'node-redis 6': (redis) => redis6.createClient(unixSocket(redis)),
  },
  acl: {
    'node-redis 5': ({ url }) => redis5.createClient({ url, ...user }),
    'node-redis 6': ({ url }) => redis6.createClient({ url, ...user }),
  },
  cluster: {
    'node-redis 5': (servers) => redis5.createCluster(cluster(servers)),
    'node-redis 6': (servers) => redis6.createCluster(cluster(servers)),
  },
  sentinel: {
    'node-redis 5': (servers) => redis5.createSentinel(sentinel(servers)),
    'node-redis 6': (servers) => redis6.createSentinel(sentinel(servers)),
  },
  blind: ['Sentinel, node-redis 5'],
  rows: '../conformance.json',
})
