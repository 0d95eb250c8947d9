import type { EnumerableStore } from '@tegata/core'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RedisArguments, RedisCommands } from './redis-commands.ts'
import { redisStore } from './redis-store.ts'
import { commandsOf } from './testing.ts'

const TIMEOUT_MS = 100
const unavailable = { code: 'STORE_UNAVAILABLE', outcome: 'not-applied' }
const failedFast = { ...unavailable, cause: { name: 'NoAnswerError' } }

/** A server, or a Cluster of two, that can fall silent. */
class Silent {
  readonly sent: string[] = []
  readonly silent = new Set<string>()
  /** Of commands that were not answered in time. */
  readonly late: { resolve(reply: unknown): void; reject(error: Error): void }[] = []
  readonly store: EnumerableStore
  /** Keys for which the client was made to look around. */
  readonly rediscovered: string[] = []

  constructor(isCluster = false) {
    const commands: RedisCommands = {
      send: (key, args) => this.#answer(key, args),
      isErrorReply: (error): error is Error => error instanceof Error && error.name === 'ReplyError',
      ...(isCluster && {
        primaries: async () => [],
        primaryOfSlot: (slot) => nameOf(slot),
        rediscover: async (key) => this.rediscovered.push(key),
      }),
    }
    this.store = redisStore(commands, { commandTimeout: TIMEOUT_MS / 1000 })
  }

  #answer(key: string | undefined, [command]: RedisArguments): Promise<unknown> {
    this.sent.push(key === undefined ? command : `${command} ${key}`)
    if (!this.silent.has(key ?? '')) return Promise.resolve(null)
    return new Promise((resolve, reject) => this.late.push({ resolve, reject }))
  }

  /** So many commands without an answer. */
  async miss(times: number, key = 'a'): Promise<void> {
    const reads = Promise.allSettled(Array.from({ length: times }, () => this.store.read(key)))
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    await reads
    this.sent.length = 0
  }
}

/** `a` is in slot 15495, `b` in slot 3300. */
const nameOf = (slot: number) => (slot > 8191 ? 'one' : 'other')

describe('a server that does not answer', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is waited for no longer than the deadline, whatever it answers later', async () => {
    const server = new Silent()
    server.silent.add('a')
    const refused = underWay(
      Promise.all([
        expect(server.store.read('a')).rejects.toMatchObject(unavailable),
        expect(server.store.destroy('a')).rejects.toMatchObject({ outcome: 'unknown' }),
      ]),
    )
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    await refused
    server.late[0]?.resolve(null)
    server.late[1]?.reject(new Error('read ECONNRESET'))
    await vi.advanceTimersByTimeAsync(1)
  })

  test('is asked nothing more after five silences in a row, and requests fail at once', async () => {
    const server = new Silent()
    server.silent.add('a').add('')
    await server.miss(4)
    const fifth = server.store.read('a').catch(() => {})
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    await fifth
    server.sent.length = 0
    await expect(server.store.read('a')).rejects.toMatchObject(failedFast)
    await expect(server.store.destroy('a')).rejects.toMatchObject(failedFast)
    expect(server.sent).toEqual([])
  })

  test('is said to be silent with what its client said last, such as that it was never connected', async () => {
    const error = new Error('The client is closed')
    const store = redisStore({ send: () => Promise.reject(error), isErrorReply: (_): _ is Error => false })
    for (let i = 0; i < 5; i++) await expect(store.read('a')).rejects.toMatchObject({ cause: error })
    await expect(store.read('a')).rejects.toMatchObject({ ...failedFast, cause: { cause: error } })
  })

  test('is asked on when a connection is cut, however many commands were under way on it', async () => {
    const server = new Silent()
    server.silent.add('a')
    const read = () => expect(server.store.read('a')).rejects.toMatchObject(unavailable)
    const cut = async () => {
      const reads = Array.from({ length: 20 }, read)
      for (const { reject } of server.late.splice(0)) reject(new Error('read ECONNRESET'))
      await Promise.all(reads)
    }
    for (let times = 0; times < 4; times++) await cut()
    server.silent.clear()
    expect(await server.store.read('a')).toBeNull()

    server.silent.add('a')
    for (let times = 0; times < 5; times++) await cut()
    await expect(server.store.read('a')).rejects.toMatchObject(failedFast)
  })

  test('is asked nothing more when its client gives up one command after another', async () => {
    const giveUp: ((error: Error) => void)[] = []
    const send = () => new Promise<never>((_, reject) => giveUp.push(reject))
    const store = redisStore({ send, isErrorReply: (_): _ is Error => false })
    const read = () => expect(store.read('a')).rejects.toMatchObject(unavailable)
    const reads = underWay(Promise.all(Array.from({ length: 5 }, read)))
    for (const reject of giveUp) {
      reject(new Error('Command timed out'))
      await vi.advanceTimersByTimeAsync(100)
    }
    await reads
    await expect(store.read('a')).rejects.toMatchObject(failedFast)
  })

  test('is asked on when it answers in between', async () => {
    const server = new Silent()
    for (let round = 0; round < 3; round++) {
      server.silent.add('a')
      await server.miss(4)
      server.silent.clear()
      expect(await server.store.read('a')).toBeNull()
    }
  })

  test('is asked on however often it answers with an error', async () => {
    const error = Object.assign(new Error('LOADING Redis is loading'), { name: 'ReplyError' })
    const send = vi.fn(() => Promise.reject(error))
    const isErrorReply = (given: unknown): given is Error => given === error
    const store = redisStore({ send, isErrorReply })
    for (let i = 0; i < 20; i++) await expect(store.read('a')).rejects.toMatchObject({ cause: error })
    expect(send).toHaveBeenCalledTimes(20)
  })

  test('is asked for a sign of life twice a second by PING, and serves again with the first, without any request', async () => {
    const server = new Silent()
    server.silent.add('a').add('')
    await server.miss(5)
    await vi.advanceTimersByTimeAsync(5000)
    const asked = server.sent.length
    expect(asked).toBeGreaterThanOrEqual(3)
    expect(new Set(server.sent)).toEqual(new Set(['PING']))
    server.silent.clear()
    await vi.advanceTimersByTimeAsync(1500)
    expect(server.sent.length).toBe(asked + 1)
    expect(await server.store.read('a')).toBeNull()
    // And no more of it.
    await vi.advanceTimersByTimeAsync(5000)
    expect(server.sent.length).toBe(asked + 2)
  })

  test('is not taken to be back by a reply that comes late', async () => {
    const server = new Silent()
    server.silent.add('a').add('')
    await server.miss(5)
    for (const { resolve } of server.late) resolve(null)
    await vi.advanceTimersByTimeAsync(1)
    await expect(server.store.read('a')).rejects.toMatchObject(failedFast)
  })

  test('does not keep the process alive', async () => {
    const server = new Silent()
    server.silent.add('a').add('')
    await server.miss(5)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    // The sign of life is given up, and the next one is a while off.
    await vi.advanceTimersByTimeAsync(500 + 1000 + 1)
    const pause = timers.mock.results.at(-1)?.value as NodeJS.Timeout
    expect(pause.hasRef()).toBe(false)
  })

  test('takes no other primary of its Cluster with it, and is asked by the key that was missed', async () => {
    const cluster = new Silent(true)
    cluster.silent.add('a')
    await cluster.miss(5)
    await expect(cluster.store.read('a')).rejects.toMatchObject(failedFast)
    expect(await cluster.store.read('b')).toBeNull()
    cluster.sent.length = 0
    await vi.advanceTimersByTimeAsync(600)
    expect(cluster.sent).toEqual(['EXISTS a'])
    expect(cluster.rediscovered).toEqual(['a'])
    cluster.silent.clear()
    await vi.advanceTimersByTimeAsync(2000)
    expect(await cluster.store.read('a')).toBeNull()
  })
})

await redisOrSkip('a Redis that freezes', (redis) => {
  test('makes requests fail at once after a while, and serves again within two seconds of its return', async () => {
    const client = new Redis(redis.url)
    client.on('error', () => {})
    onTestFinished(() => {
      redis.thaw()
      client.disconnect()
    })
    await client.ping()
    const store = redisStore(commandsOf(client), { commandTimeout: 0.1 })
    redis.freeze()
    await Promise.all(
      Array.from({ length: 5 }, () => expect(store.read('k')).rejects.toMatchObject(unavailable)),
    )
    const sent = vi.spyOn(client, 'callBuffer')
    await expect(store.read('k')).rejects.toMatchObject(failedFast)
    expect(sent).not.toHaveBeenCalled()
    redis.thaw()
    const isBack = () => store.read('k').then((found) => found === null)
    await expect.poll(() => isBack().catch(() => false), { timeout: 2000 }).toBe(true)
  })
})
