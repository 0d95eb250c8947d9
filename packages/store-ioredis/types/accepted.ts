import { createSessions } from '@tegata/core'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { ioredisStore, type RedisStore } from '../src/index.ts'

const sentinels = [{ host: '127.0.0.1', port: 26379 }]

const named: RedisStore = ioredisStore(new Redis5())

createSessions({ store: named })
createSessions({ store: ioredisStore(new Redis5('redis://127.0.0.1:6379', { keyPrefix: 'app:' })) })
createSessions({ store: ioredisStore(new Redis5({ sentinels, name: 'main' }), { commandTimeout: 1 }) })
createSessions({ store: ioredisStore(new Cluster5([{ host: '127.0.0.1', port: 7000 }])) })

createSessions({ store: ioredisStore(new Redis6()) })
createSessions({ store: ioredisStore(new Redis6('redis://127.0.0.1:6379', { protocol: 2 })) })
createSessions({
  store: ioredisStore(new Redis6({ sentinels, name: 'main' }), { durability: { replicas: 1 } }),
})
createSessions({ store: ioredisStore(new Cluster6([{ host: '127.0.0.1', port: 7000 }])) })
