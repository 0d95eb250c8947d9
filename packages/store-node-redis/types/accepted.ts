import { createSessions } from '@tegata/core'
import * as redis6 from 'redis'
import * as redis5 from 'redis5'
import { nodeRedisStore, type RedisStore } from '../src/index.ts'

const url = 'redis://127.0.0.1:6379'
const rootNodes = [{ url }]
const sentinel = { name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 26379 }] }

const named: RedisStore = nodeRedisStore(redis5.createClient())

createSessions({ store: named })
createSessions({ store: nodeRedisStore(redis5.createClient({ url, RESP: 3 })) })
createSessions({ store: nodeRedisStore(await redis5.createClient({ url }).connect()) })
createSessions({ store: nodeRedisStore(redis5.createClientPool({ url })) })
createSessions({ store: nodeRedisStore(redis5.createCluster({ rootNodes }), { commandTimeout: 1 }) })
createSessions({ store: nodeRedisStore(redis5.createSentinel(sentinel)) })

createSessions({ store: nodeRedisStore(redis6.createClient()) })
createSessions({ store: nodeRedisStore(redis6.createClient({ url, RESP: 2 })) })
createSessions({ store: nodeRedisStore(await redis6.createClient({ url }).connect()) })
createSessions({ store: nodeRedisStore(redis6.createClientPool({ url })) })
createSessions({
  store: nodeRedisStore(redis6.createCluster({ rootNodes }), { durability: { replicas: 1 } }),
})
createSessions({ store: nodeRedisStore(redis6.createSentinel(sentinel)) })
