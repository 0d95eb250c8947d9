import { Redis } from 'ioredis'
import { ioredisStore } from '../src/index.ts'

declare const ofNodeRedis: {
  sendCommand(args: string[]): Promise<unknown>
  withTypeMapping(map: object): unknown
}

ioredisStore()
ioredisStore('redis://127.0.0.1:6379')
ioredisStore({ host: '127.0.0.1', port: 6379 })
ioredisStore(ofNodeRedis)
ioredisStore(new Redis().pipeline())
ioredisStore(Redis)
ioredisStore(new Redis(), { commandTimeout: '5s' })
ioredisStore(new Redis(), { prefix: 'sess:' })
