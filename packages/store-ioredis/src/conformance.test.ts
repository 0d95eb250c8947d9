import { testRedisStore, user } from '@tegata/test-servers'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  disconnect(): void
  on(event: 'error', listener: () => void): unknown
}

await testRedisStore<Client>({
  createStore: (client) => ioredisStore(client),
  close: (client) => client.disconnect(),
  standalone: {
    'ioredis 5': ({ url }) => new Redis5(url),
    'ioredis 6, RESP2': ({ url }) => new Redis6(url, { protocol: 2 }),
    'ioredis 6, RESP3': ({ url }) => new Redis6(url, { protocol: 3 }),
  },
  tls: {
    'ioredis 5': ({ tls: { port, ca } }) => new Redis5(port, '127.0.0.1', { tls: { ca } }),
    'ioredis 6': ({ tls: { port, ca } }) => new Redis6(port, '127.0.0.1', { tls: { ca } }),
  },
  unixSocket: {
    'ioredis 5': ({ socket }) => new Redis5(socket),
    'ioredis 6': ({ socket }) => new Redis6(socket),
  },
  acl: {
    'ioredis 5': ({ url }) => new Redis5(url, user),
    'ioredis 6': ({ url }) => new Redis6(url, user),
  },
  cluster: {
    'ioredis 5': ({ nodes }) => new Cluster5(nodes),
    'ioredis 6': ({ nodes }) => new Cluster6(nodes),
  },
  sentinel: {
    'ioredis 5': ({ nodes, name }) => new Redis5({ sentinels: nodes, name }),
    'ioredis 6': ({ nodes, name }) => new Redis6({ sentinels: nodes, name }),
  },
  rows: '../conformance.json',
})
