import type { IndexedStore, SessionStore } from '@tegata/core'
import { redisOrSkip } from '@tegata/test-servers'
import { expect, test } from 'vitest'
import { Fixture, utf8 } from './testing.ts'

await redisOrSkip('a hash of somebody else where an index should be', (redis) => {
  const fixture = new Fixture(redis)
  const entered = async (key: string) => {
    const index = { key: 'i', note: key, expiresAt: fixture.later() }
    return fixture.store.create(key, utf8(key), fixture.later(), { index })
  }
  const members = () => (fixture.store as SessionStore as IndexedStore).members('i')

  test.each(['', 'text', 'inf', '-5', '0x10', '1e300', '9'.repeat(40), '1.5'])(
    'that holds %o as its highest rank is written to as if it held none',
    async (highest) => {
      await fixture.client.hset('i', '', highest)
      expect([await entered('k'), await entered('l')]).toEqual([true, true])
      const [first, second] = (await members()).sort((a, b) => a.rank - b.rank)
      expect([first?.key, second?.key]).toEqual(['k', 'l'])
      expect(Number.isSafeInteger(second?.rank) && first?.rank !== second?.rank).toBe(true)
    },
  )

  test('lists what was entered, and nothing else that it holds', async () => {
    await fixture.client.hset('i', { color: 'red', count: '5', k: 'mine' })
    await entered('k')
    await entered('l')
    expect((await members()).map(({ key }) => key).sort()).toEqual(['k', 'l'])
  })
})
