import { allowUser, clusterOrSkip, user } from '@tegata/test-servers'
import { Cluster as Cluster6 } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ioredisStore } from './index.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

await clusterOrSkip('a user of a Cluster with the documented rights moves sessions, by', (cluster) => {
  const rights = ['resetkeys', '~sess:*', '~moved:*', '+cluster|slots', '+cluster|info']
  beforeAll(() => Promise.all(cluster.servers.map((redis) => allowUser(redis, ...rights))))

  test.each([
    ['ioredis 5', () => new Cluster5(cluster.nodes, { redisOptions: user })],
    ['ioredis 6', () => new Cluster6(cluster.nodes, { redisOptions: user })],
  ])('%s', async (_, create) => {
    const client = create()
    onTestFinished(() => client.disconnect())
    const store = ioredisStore(client)
    await store.create('sess:1', utf8('A'), later())
    expect(await store.rotate('sess:1', 'sess:2', utf8('B'), later())).toEqual({ outcome: 'replaced' })
    expect(await store.destroy('sess:2')).toBe(true)
  })
})
