import { afterAll, beforeAll, describe } from 'vitest'
import { findRedis } from './find-redis.mjs'
import { type RedisOptions, RedisServer } from './redis-server.ts'

/**
 * A vitest suite with a Redis of its own, running while its tests do. Without one to be found the suite fails in CI, and is
 * skipped elsewhere, with the reason printed. To be awaited at the top of a test file.
 */
export async function redisOrSkip(
  title: string,
  suite: (redis: RedisServer) => void,
  options?: RedisOptions,
): Promise<void> {
  const found = await findRedis()
  const redis = new RedisServer(options)
  if ('missing' in found) {
    if (process.env.CI) throw new Error(`No Redis to test with: ${found.missing}`)
    console.warn(`Skipped: ${title}. No Redis to test with: ${found.missing}`)
    describe.skip(`${title} (no Redis)`, () => suite(redis))
    return
  }
  describe(title, () => {
    beforeAll(() => redis.start())
    afterAll(() => redis.stop())
    suite(redis)
  })
}
