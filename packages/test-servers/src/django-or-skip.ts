import { describe } from 'vitest'
import { findDjango } from './find-django.mjs'
import { redisOrSkip } from './redis-or-skip.ts'
import { RedisServer } from './redis-server.ts'

/**
 * As `redisOrSkip`, where a Django can be had as well. Without one the suite fails in CI, and is skipped elsewhere, with the
 * reason printed.
 */
export async function djangoOrSkip(title: string, suite: (redis: RedisServer) => void): Promise<void> {
  const found = await findDjango()
  if ('missing' in found) {
    if (process.env.CI) throw new Error(`No Django to test with: ${found.missing}`)
    console.warn(`Skipped: ${title}. No Django to test with: ${found.missing}`)
    describe.skip(`${title} (no Django)`, () => suite(new RedisServer()))
    return
  }
  await redisOrSkip(title, suite)
}
