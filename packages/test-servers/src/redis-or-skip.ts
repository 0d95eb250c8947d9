import { afterAll, beforeAll, describe } from 'vitest'
import { findRedis } from './find-redis.mjs'
import { RedisCluster } from './redis-cluster.ts'
import { RedisSentinels, type SentinelsOptions } from './redis-sentinels.ts'
import { type RedisOptions, RedisServer } from './redis-server.ts'

interface Servers {
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * A vitest suite with a Redis of its own, running while its tests do. Without one to be found the suite fails in CI, and is
 * skipped elsewhere, with the reason printed. To be awaited at the top of a test file.
 */
export const redisOrSkip = (title: string, suite: (redis: RedisServer) => void, options?: RedisOptions) =>
  serversOrSkip(title, new RedisServer(options), suite)

/** As `redisOrSkip`, with a cluster of six, each of which may be given more arguments. */
export const clusterOrSkip = (
  title: string,
  suite: (cluster: RedisCluster) => void,
  args?: readonly string[],
) => serversOrSkip(title, new RedisCluster(args), suite)

/** As `redisOrSkip`, with a primary and its replicas under three sentinels. */
export const sentinelsOrSkip = (
  title: string,
  suite: (sentinels: RedisSentinels) => void,
  options?: SentinelsOptions,
) => serversOrSkip(title, new RedisSentinels(options), suite)

async function serversOrSkip<S extends Servers>(
  title: string,
  servers: S,
  suite: (servers: S) => void,
): Promise<void> {
  const found = await findRedis()
  if ('missing' in found) {
    if (process.env.CI) throw new Error(`No Redis to test with: ${found.missing}`)
    console.warn(`Skipped: ${title}. No Redis to test with: ${found.missing}`)
    describe.skip(`${title} (no Redis)`, () => suite(servers))
    return
  }
  describe(title, () => {
    beforeAll(async () => {
      // Unlike a test a hook is not tried again, and where one failed no test has.
      await servers.start().catch(async () => {
        await servers.stop()
        await servers.start()
      })
    })
    afterAll(() => servers.stop())
    suite(servers)
  })
}
