import { allowUser, clusterOrSkip, user } from '@tegata/test-servers'
import * as redis6 from 'redis'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { nodeRedisStore } from './index.ts'
import * as redis5 from './testing.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

await clusterOrSkip('a user of a Cluster with the documented rights moves sessions, by', (cluster) => {
  const rights = ['resetkeys', '~sess:*', '~moved:*', '+cluster|slots']
  const options = () => ({ rootNodes: cluster.nodes.map((socket) => ({ socket })), defaults: user })
  beforeAll(() => Promise.all(cluster.servers.map((redis) => allowUser(redis, ...rights))))

  test.each([
    ['node-redis 5', () => redis5.createCluster(options())],
    ['node-redis 6', () => redis6.createCluster(options())],
  ])('%s', async (_, create) => {
    const client = create()
    await client.connect()
    onTestFinished(() => void client.destroy())
    const store = nodeRedisStore(client)
    await store.create('sess:1', utf8('A'), later())
    expect(await store.rotate('sess:1', 'sess:2', utf8('B'), later())).toEqual({ outcome: 'replaced' })
    expect(await store.destroy('sess:2')).toBe(true)
  })
})
