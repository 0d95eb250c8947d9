import { createClient } from 'redis'
import { nodeRedisStore } from '../src/index.ts'

declare const ofIoredis: {
  getBuffer(key: string): Promise<unknown>
  duplicate(): unknown
  isCluster: boolean
}

nodeRedisStore()
nodeRedisStore('redis://127.0.0.1:6379')
nodeRedisStore({ url: 'redis://127.0.0.1:6379' })
nodeRedisStore(ofIoredis)
nodeRedisStore(createClient().multi())
nodeRedisStore(createClient().connect())
nodeRedisStore(createClient(), { commandTimeout: '5s' })
nodeRedisStore(createClient(), { prefix: 'sess:' })
