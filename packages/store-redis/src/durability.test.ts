import { redisOrSkip, underWay } from '@tegata/test-servers'
import { describe, expect, test } from 'vitest'
import type { Confirmation, RedisCall, RedisCommands } from './redis-commands.ts'
import { redisStore } from './redis-store.ts'
import { commandsOf, Fixture, stamp, utf8, whole } from './testing.ts'

describe('the option `durability`', () => {
  const commands: RedisCommands = {
    send: () => Promise.resolve(null),
    isErrorReply: (_error): _error is Error => false,
  }
  const confirm = () => Promise.resolve({ replies: [], replicas: 0 })

  test.each([0, 0.5, -1, Number.NaN])('refuses %d replicas', (replicas) => {
    expect(() => redisStore({ ...commands, confirm }, { durability: { replicas } })).toThrow(TypeError)
  })

  test.each([0, -1, 2_147_484, Number.POSITIVE_INFINITY])('refuses to wait for %d s', (timeout) => {
    const durability = { replicas: 1, timeout }
    expect(() => redisStore({ ...commands, confirm }, { durability })).toThrow(TypeError)
  })

  test('refuses a client that cannot wait', () => {
    expect(() => redisStore(commands, { durability: { replicas: 1 } })).toThrow(TypeError)
  })
})

await redisOrSkip('a write that replicas are to have', (redis) => {
  const fixture = new Fixture(redis)
  const { later, mark } = fixture

  /** A store whose replicas answer as they are told to. */
  function storeWith(answer: (calls: readonly RedisCall[]) => Promise<number>) {
    const asked: RedisCall[][] = []
    const commands = commandsOf(fixture.client)
    const confirm = async (_primary: unknown, calls: readonly RedisCall[]): Promise<Confirmation> => {
      asked.push([...calls])
      const replicas = await answer(calls)
      const replies = await Promise.all(calls.map(({ key, args }) => commands.send(key, args)))
      return { replies, replicas }
    }
    const durability = { replicas: 2, timeout: 0.1 }
    return { store: redisStore({ ...commands, confirm }, { durability }), asked }
  }

  const unconfirmed = { code: 'STORE_UNAVAILABLE', outcome: 'unconfirmed' }
  const unknown = { code: 'STORE_UNAVAILABLE', outcome: 'unknown' }

  test('is answered once as many have it', async () => {
    await fixture.put()
    const { store, asked } = storeWith(async () => 2)
    expect(await store.create('l', utf8('B'), later())).toBe(true)
    expect(await store.rotate('l', 'm', utf8('C'), later(), whole('B'), { mark: mark() })).toEqual({
      outcome: 'replaced',
    })
    expect(await store.rotate('m', 'n', utf8('D'), later(), stamp('C'))).toEqual({ outcome: 'replaced' })
    expect(await store.destroy('k')).toBe(true)
    expect(await store.destroy('k')).toBe(false)
    expect(await store.destroy('n', { mark: mark() })).toBe(true)
    expect(asked.flat().map(({ key }) => key)).toEqual(['l', 'm', 'n', 'k', 'k', 'n'])
    // What asks changes nothing.
    expect(await fixture.dump()).toEqual({ l: 'ended:1', n: 'ended:1' })
  })

  test('has its entry in an index as well, where that lies on another primary of a Cluster', async () => {
    const asked: RedisCall[] = []
    const commands = commandsOf(fixture.client)
    const confirm = async (_primary: unknown, calls: readonly RedisCall[]): Promise<Confirmation> => {
      asked.push(...calls)
      return {
        replies: await Promise.all(calls.map(({ key, args }) => commands.send(key, args))),
        replicas: 2,
      }
    }
    const primaries = async () => [commands]
    const store = redisStore(
      { ...commands, confirm, primaries },
      { durability: { replicas: 2, timeout: 0.1 } },
    )
    const index = { key: 'i', note: 'n', expiresAt: later(), keepsRank: true }
    expect(await store.create('k', utf8('A'), later(), { index })).toBe(true)
    expect(await store.rotate('k', 'l', utf8('B'), later(), stamp('A'), { index })).toEqual({
      outcome: 'replaced',
    })
    expect(asked.map(({ key }) => key).sort()).toEqual(['i', 'i', 'k', 'k', 'l'])
    // A failover that the session survived and its entry did not.
    const forgetful = {
      ...commands,
      primaries,
      confirm: async (_: unknown, calls: readonly RedisCall[]) => {
        await fixture.client.del('i')
        return {
          replies: await Promise.all(calls.map(({ key, args }) => commands.send(key, args))),
          replicas: 2,
        }
      },
    }
    const failing = redisStore(forgetful, { durability: { replicas: 2, timeout: 0.1 } })
    await expect(failing.create('m', utf8('A'), later(), { index })).rejects.toMatchObject(unknown)
  })

  test('is told to be unconfirmed where fewer have it, and asked for again by the same call', async () => {
    let replicas = 1
    const { store } = storeWith(async () => replicas)
    const create = () => store.create('k', utf8('A'), later())
    const rotate = () => store.rotate('k', 'l', utf8('B'), later(), stamp('A'), { mark: mark() })
    const destroy = () => store.destroy('l', { mark: mark('ended:2') })
    for (const call of [create, rotate, destroy]) {
      replicas = 1
      await expect(call()).rejects.toMatchObject(unconfirmed)
      replicas = 2
      const answer = await call()
      expect(answer === true || answer).toEqual(answer === true || { outcome: 'replaced' })
    }
    expect(await fixture.dump()).toEqual({ k: 'ended:1', l: 'ended:2' })
  })

  test('that a failover lost is not taken for confirmed, and made again by the same call', async () => {
    let hasFailedOver = false
    const { store } = storeWith(async () => {
      if (!hasFailedOver) await fixture.client.flushdb()
      hasFailedOver = true
      return 2
    })
    await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject(unknown)
    expect(await fixture.dump()).toEqual({})
    expect(await store.create('k', utf8('A'), later())).toBe(true)
    expect(await fixture.dump()).toEqual({ k: 'A' })
  })

  test('that ended a session is not taken for confirmed where the session is back', async () => {
    await fixture.put()
    let hasFailedOver = false
    const { store } = storeWith(async () => {
      if (!hasFailedOver) await fixture.put()
      hasFailedOver = true
      return 2
    })
    await expect(store.destroy('k')).rejects.toMatchObject(unknown)
    expect(await store.destroy('k')).toBe(true)
    expect(await fixture.dump()).toEqual({})
  })

  test('is of unknown fate where nobody can be asked', async () => {
    const { store } = storeWith(() => Promise.reject(new Error('read ECONNRESET')))
    await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject(unknown)
    const silent = storeWith(() => new Promise(() => {}))
    await expect(silent.store.create('k', utf8('A'), later())).rejects.toMatchObject(unknown)
  })

  test('keeps its deadline, or none', async () => {
    const { store } = storeWith(async () => 2)
    await store.create('k', utf8('A'), later(60_000))
    const left = await fixture.client.pttl('k')
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
    await store.create('l', utf8('A'), Number.POSITIVE_INFINITY)
    expect(await fixture.client.pttl('l')).toBe(-1)
  })

  test('waits together with all that were made meanwhile', async () => {
    let release = (_replicas: number) => {}
    const { store, asked } = storeWith(() => new Promise((resolve) => (release = resolve)))
    const first = underWay(store.create('k0', utf8('A'), later()))
    await expect.poll(() => asked.length).toBe(1)
    const create = (_: unknown, i: number) => store.create(`k${i + 1}`, utf8('A'), later())
    const others = underWay(Promise.all(Array.from({ length: 50 }, create)))
    await expect.poll(async () => (await fixture.client.keys('*')).length).toBe(51)
    release(2)
    expect(await first).toBe(true)
    await expect.poll(() => asked.length).toBe(2)
    release(2)
    expect(new Set(await others)).toEqual(new Set([true]))
    expect(asked.map(({ length }) => length)).toEqual([1, 50])
  })
})
