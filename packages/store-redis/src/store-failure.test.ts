import type { EnumerableStore } from '@tegata/core'
import { redisOrSkip, startRedis } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type RedisStore, redisStore } from './redis-store.ts'
import { collect, commandsOf, Fixture, stamp, utf8, whole } from './testing.ts'

await redisOrSkip('a failure is told from an answer', (redis) => {
  const fixture = new Fixture(redis)
  const { later, mark, reads, writes } = fixture
  const keys = { call: (store: EnumerableStore) => collect(store.keys('k')), command: 'SCAN' }
  const failing = (error: Error) =>
    redisStore({ ...commandsOf(fixture.client), send: () => Promise.reject(error) })

  describe.each([
    ['not-applied' as const, Object.entries({ ...reads, keys })],
    ['unknown' as const, Object.entries(writes)],
  ])('a lost connection is “%s”, an error reply “not-applied”', (outcome, verbs) => {
    test.each(verbs)('%s', async (_, { call }) => {
      const lost = new Error('read ECONNRESET')
      await expect(call(failing(lost))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome,
        cause: lost,
      })
      for (const message of ['READONLY You can’t', 'LOADING Redis is', 'NOAUTH Authentication']) {
        const reply = Object.assign(new Error(message), { name: 'ReplyError' })
        const error = await call(failing(reply)).catch((error: unknown) => error)
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'not-applied', cause: reply })
        expect(String(error)).not.toContain(message)
      }
    })
  })

  test('a write that was made is “unknown” where its index, elsewhere in a Cluster, refuses its entry', async () => {
    const commands = commandsOf(fixture.client)
    const refusal = Object.assign(new Error('CLUSTERDOWN The cluster is down'), { name: 'ReplyError' })
    let isDown = true
    const store = redisStore({
      ...commands,
      primaries: async () => [commands],
      send: (key, args) => (key === 'i' && isDown ? Promise.reject(refusal) : commands.send(key, args)),
    })
    const index = { key: 'i', note: 'n', expiresAt: later() }
    await fixture.put()
    const replace = () => store.replace('k', utf8('B'), later(), stamp('A'), { index })
    await expect(replace()).rejects.toMatchObject({ outcome: 'unknown', cause: { cause: refusal } })
    expect(await fixture.dump()).toEqual({ k: 'B' })
    isDown = false
    expect(await replace()).toEqual({ outcome: 'replaced' })
    expect(await store.members('i')).toMatchObject([{ key: 'k' }])
  })

  test('a full Redis refuses writes, but lets sessions be read and ended', async () => {
    const full = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const client = new Redis(full.url)
    onTestFinished(async () => {
      client.disconnect()
      await full.stop()
    })
    const store = redisStore(commandsOf(client))
    await store.create('k', utf8('A'), later())
    await client.config('SET', 'maxmemory', '1')
    const refusal = {
      code: 'STORE_UNAVAILABLE',
      outcome: 'not-applied',
      cause: { message: expect.stringContaining('OOM') },
    }
    await expect(store.create('l', utf8('A'), later())).rejects.toMatchObject(refusal)
    await expect(store.replace('k', utf8('B'), later(), stamp('A'))).rejects.toMatchObject(refusal)
    await expect(store.rotate('k', 'l', utf8('B'), later(), stamp('A'))).rejects.toMatchObject(refusal)
    expect(await store.read('k')).toEqual({ value: utf8('A') })
    expect(await store.destroy('k', { mark: mark() })).toBe(true)
    expect(await client.get('k')).toBe('ended:1')
    expect(await client.exists('l')).toBe(0)
  })

  test('a user without the right to write is refused', async () => {
    const rights = ['~*', '+@read', '+@connection', '+info', '+time', '+eval', '+evalsha']
    await fixture.client.call('ACL', 'SETUSER', 'reader', 'on', '>secret', ...rights)
    const client = new Redis(redis.url, { username: 'reader', password: 'secret' })
    onTestFinished(() => client.disconnect())
    const store = redisStore(commandsOf(client))
    expect(await store.read('k')).toBeNull()
    await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject({ outcome: 'not-applied' })
    expect(await fixture.dump()).toEqual({})
  })

  test('a user without the right to tidy an index leaves the session in it that was to be moved', async () => {
    const rights = ['reset', 'on', '>secret', '~*', '+@all', '-HRANDFIELD']
    await fixture.client.call('ACL', 'SETUSER', 'writer', ...rights)
    const client = new Redis(redis.url, { username: 'writer', password: 'secret' })
    onTestFinished(() => client.disconnect())
    const index = { key: 'owner', note: '', expiresAt: later() }
    await fixture.store.create('old', utf8('A'), later(), { index })
    const refused = redisStore(commandsOf(client)).rotate('old', 'new', utf8('B'), later(), whole('A'), {
      index,
    })
    await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'not-applied' })
    expect(await (fixture.store as RedisStore).members('owner')).toMatchObject([{ key: 'old' }])
    expect(await fixture.store.read('old')).not.toBeNull()
  })

  test.each([
    ['GETRANGE', stamp('A')],
    ['GET', whole('A')],
    ['GET', whole('A'.repeat(5000))],
  ])(
    'a user without the right to compare, for want of %s, is refused, and told of no conflict',
    async (command, expected) => {
      const rights = ['reset', 'on', '>secret', '~*', '+@all', `-${command}`]
      await fixture.client.call('ACL', 'SETUSER', 'writer', ...rights)
      const client = new Redis(redis.url, { username: 'writer', password: 'secret' })
      onTestFinished(() => client.disconnect())
      const store = redisStore(commandsOf(client))
      const there = 'whole' in expected ? expected.whole : expected.stamp
      await fixture.put(new TextDecoder().decode(there))
      const refusal = { code: 'STORE_UNAVAILABLE', outcome: 'not-applied' }
      if ('whole' in expected) await expect(store.create('k', there, later())).rejects.toMatchObject(refusal)
      await expect(store.replace('k', utf8('B'), later(), expected)).rejects.toMatchObject(refusal)
      await expect(store.rotate('k', 'l', utf8('B'), later(), expected)).rejects.toMatchObject(refusal)
      expect(await fixture.dump()).toEqual({ k: new TextDecoder().decode(there) })
    },
  )
})
