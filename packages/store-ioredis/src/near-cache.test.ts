import { setTimeout as sleep } from 'node:timers/promises'
import { type SessionStore, StoreUnavailableError, type WatchableStore } from '@tegata/core'
import { type NearCacheEvent, nearCache } from '@tegata/store-redis'
import {
  allowUser,
  countStaleReads,
  type ProxiedLine,
  redisOrSkip,
  TcpProxy,
  user,
} from '@tegata/test-servers'
import { Redis as Redis6 } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = (ms = 60_000) => Date.now() + ms
const TRACKING = /TRACKING/i

interface Client extends IoredisClient {
  disconnect(): void
  on(event: 'error', listener: () => void): unknown
}

const majors: Record<string, (port: number) => Client> = {
  'ioredis 5': (port) => new Redis5(port),
  'ioredis 6': (port) => new Redis6(port),
}

async function textOf(store: SessionStore, key: string): Promise<string | null> {
  const found = await store.read(key)
  return found && 'value' in found ? new TextDecoder().decode(found.value) : null
}

/** Waits until reads of `key` are answered without the store. */
async function hot(near: SessionStore, counted: { reads: number }, key = 'k'): Promise<void> {
  await expect
    .poll(
      async () => {
        const before = counted.reads
        await near.read(key)
        return counted.reads - before
      },
      { timeout: 10_000, interval: 5 },
    )
    .toBe(0)
}

function counting<S extends WatchableStore>(store: S) {
  const counted = { reads: 0 }
  const read: SessionStore['read'] = (...args) => {
    counted.reads++
    return store.read(...args)
  }
  return { counted, store: { ...store, read } }
}

await redisOrSkip('nearCache', (redis) => {
  describe.each(Object.entries(majors))('through %s', (_, connect) => {
    let client: Client
    let counted: { reads: number }
    let near: ReturnType<typeof nearCache<WatchableStore>>
    // Far more than the tests last: what is seen in time was told.
    const patient = { maxStale: 600, maxAge: 600 }

    beforeEach(async () => {
      await redis.cli('flushall')
      client = connect(redis.port)
      const made = counting(ioredisStore(client))
      counted = made.counted
      near = nearCache(made.store, patient)
    })
    afterEach(() => {
      near.close()
      client.disconnect()
    })

    test('answers a hot session with no command', async () => {
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      const monitor = await redis.monitor()
      for (let i = 0; i < 100; i++) expect(await textOf(near, 'k')).toBe('A')
      expect((await monitor.names()).filter((name) => name !== 'PING')).toEqual([])
      monitor.stop()
    })

    test.each<[string, string[], string | null]>([
      ['written', ['set', 'k', 'B'], 'B'],
      ['appended to', ['append', 'k', 'B'], 'AB'],
      ['overwritten in part', ['setrange', 'k', '0', 'B'], 'B'],
      ['deleted', ['del', 'k'], null],
      ['unlinked', ['unlink', 'k'], null],
      ['renamed', ['rename', 'k', 'l'], null],
      ['expired', ['expire', 'k', '0'], null],
      ['flushed with its database', ['flushdb'], null],
      ['flushed with everything', ['flushall'], null],
      ['written by a script', ['eval', "redis.call('SET', 'k', 'B')", '0'], 'B'],
    ])('forgets a session that was %s by somebody else', async (_, command, expected) => {
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      await redis.cli(...command)
      await expect.poll(() => textOf(near, 'k'), { timeout: 5000, interval: 1 }).toBe(expected)
    })

    test('sees the deadline that somebody else set', async () => {
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      await redis.cli('pexpire', 'k', '400')
      await expect
        .poll(async () => {
          const found = await near.read('k')
          return found && 'value' in found && (found.expiresAt as number) < later(1000)
        })
        .toBe(true)
      await sleep(450)
      expect(await textOf(near, 'k')).toBeNull()
    })

    test.each<[string, (other: SessionStore) => Promise<unknown>, string | null]>([
      ['replaced', (other) => other.replace('k', utf8('B'), later(), { whole: utf8('A') }), 'B'],
      ['moved', (other) => other.rotate('k', 'l', utf8('B'), later(), { whole: utf8('A') }), null],
      ['ended', (other) => other.destroy('k'), null],
      [
        'ended with a mark',
        (other) =>
          other.destroy('k', { mark: { value: utf8('ended'), expiresAt: later(), lead: utf8('e') } }),
        'ended',
      ],
    ])('forgets a session that was %s by another process', async (_, verb, expected) => {
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      const other = connect(redis.port)
      await verb(ioredisStore(other))
      await expect.poll(() => textOf(near, 'k'), { timeout: 5000, interval: 1 }).toBe(expected)
      other.disconnect()
    })

    test('reads what it has written itself', async () => {
      await near.create('k', utf8('0'), later())
      for (let i = 1; i <= 100; i++) {
        await textOf(near, 'k')
        await near.replace('k', utf8(String(i)), later(), { whole: utf8(String(i - 1)) })
        expect(await textOf(near, 'k')).toBe(String(i))
      }
    })

    test('forgets a session that Redis evicted', async () => {
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      await redis.cli('config', 'set', 'maxmemory-policy', 'volatile-ttl', 'maxmemory', '1')
      await redis.cli('set', 'large', 'x').catch(() => {})
      await redis.cli('config', 'set', 'maxmemory', '0')
      expect(await redis.cli('exists', 'k')).toBe('0')
      await expect.poll(() => textOf(near, 'k'), { timeout: 5000, interval: 1 }).toBeNull()
    })

    test('keeps to keys of its prefix, behind a prefix of the client', async () => {
      const prefixed = new Redis6(redis.port, { keyPrefix: 'app:' })
      const made = counting(ioredisStore(prefixed))
      const inner = nearCache(made.store, { prefix: 'tegata:', ...patient })
      await inner.create('tegata:k', utf8('A'), later())
      await inner.create('other', utf8('A'), later())
      await hot(inner, made.counted, 'tegata:k')
      const before = made.counted.reads
      await inner.read('other')
      expect(made.counted.reads).toBe(before + 1)
      await redis.cli('set', 'app:tegata:k', 'B')
      await expect.poll(() => textOf(inner, 'tegata:k')).toBe('B')
      inner.close()
      prefixed.disconnect()
    })

    test('listens to the client once, however many there are, and no more when all are closed', async () => {
      const listeners = () =>
        ['end', 'ready'].map((event) => (client as unknown as Redis6).listenerCount(event))
      await near.create('k', utf8('A'), later())
      await hot(near, counted)
      const more = Array.from({ length: 12 }, () => nearCache(ioredisStore(client), patient))
      await sleep(200)
      expect(listeners()).toEqual([1, 1])
      for (const one of [near, ...more]) one.close()
      expect(listeners()).toEqual([0, 0])
    })

    test('closes its connection with the client, and opens it again with the client', async () => {
      const trackers = async () =>
        (await redis.cli('client', 'list')).split('\n').filter((line) => / flags=\S*P/.test(line)).length
      await expect.poll(trackers).toBe(1)
      client.disconnect()
      await expect.poll(trackers).toBe(0)
      await (client as unknown as Redis6).connect()
      await expect.poll(trackers, { timeout: 5000 }).toBe(1)
    })
  })

  describe('tells people', () => {
    /** With `rules`, as a user who may do what is documented but for what these take away. */
    async function told(...rules: string[]) {
      await redis.cli('set', 'k', 'A')
      await allowUser(redis, ...rules)
      const client = new Redis6(redis.port, rules.length > 0 ? user : {})
      client.on('error', () => {})
      const { counted, store } = counting(ioredisStore(client))
      const events: NearCacheEvent[] = []
      const near = nearCache(store, { maxStale: 0.1, onEvent: (event) => void events.push(event) })
      onTestFinished(() => {
        near.close()
        client.disconnect()
      })
      return { client, near, counted, events, types: () => events.map(({ type }) => type) }
    }

    test.each([
      ['may not watch', '-client|tracking'],
      ['may not subscribe', '-subscribe'],
      ['may not listen to the channel', 'resetchannels'],
      ['may watch, but not prove that it does', '-ping'],
    ])('once why nothing is remembered where the user %s, and once when it is again', async (_, rule) => {
      const { near, counted, events, types } = await told(rule)
      await expect.poll(types).toEqual(['watch-lost'])
      const [event] = events
      if (event?.type !== 'watch-lost') throw new Error('not told')
      expect(event.error).toBeInstanceOf(StoreUnavailableError)
      expect(event.error.cause).toMatchObject({ message: expect.stringMatching(/^NOPERM /) })
      // Several attempts later.
      await sleep(1000)
      expect(types()).toEqual(['watch-lost'])
      await allowUser(redis)
      await expect.poll(types, { timeout: 5000 }).toEqual(['watch-lost', 'watch-restored'])
      await hot(near, counted)
    })

    test('when Redis goes away, and when it is back', async () => {
      const { near, counted, types } = await told()
      await hot(near, counted)
      await redis.kill()
      try {
        await expect.poll(types, { timeout: 5000 }).toEqual(['watch-lost'])
      } finally {
        await redis.restart()
      }
      await expect.poll(types, { timeout: 5000 }).toEqual(['watch-lost', 'watch-restored'])
    })

    test('nothing of a connection that is back at once, of a client that was closed, and of close()', async () => {
      const { client, near, counted, types } = await told()
      await hot(near, counted)
      await redis.cli('client', 'kill', 'type', 'pubsub')
      await hot(near, counted)
      await client.quit()
      await sleep(500)
      await client.connect()
      await hot(near, counted)
      near.close()
      await client.quit()
      await sleep(200)
      expect(types()).toEqual([])
    })

    test('nothing of a client that is not connected yet', async () => {
      const client = new Redis6(redis.port, { lazyConnect: true })
      const events: NearCacheEvent[] = []
      const near = nearCache(ioredisStore(client), { onEvent: (event) => void events.push(event) })
      await sleep(500)
      near.close()
      expect(events).toEqual([])
    })
  })

  describe('whatever becomes of the connection that tells of changes, no read misses a write for longer than maxStale', () => {
    const maxStale = 300
    let proxy: TcpProxy
    let direct: Redis6
    let client: Redis6
    beforeAll(async () => {
      proxy = await TcpProxy.open(redis.port)
      direct = new Redis6(redis.port)
      client = new Redis6(proxy.port, { maxRetriesPerRequest: null })
      await Promise.all([direct.ping(), client.ping()])
    })
    afterAll(() => {
      client.disconnect()
      direct.disconnect()
      proxy.stop()
    })
    afterEach(() => {
      proxy.accepts = 'all'
      proxy.onRequest = () => {}
    })

    const tracking = () => proxy.linesThatSent(TRACKING)
    const data = () => proxy.linesThatSent(/EVAL/i)
    const all = (lines: ProxiedLine[], does: (line: ProxiedLine) => void) => lines.forEach(does)
    /** Cuts the connection, and does something to the next one when it asks for what matches. */
    function atRequest(text: RegExp, does: (line: ProxiedLine) => void): void {
      let isDone = false
      proxy.onRequest = (line, sent) => {
        if (isDone || !text.test(sent)) return
        isDone = true
        does(line)
      }
      all(tracking(), (line) => line.cut())
    }

    test.each<[string, () => unknown]>([
      ['when Redis kills it', () => redis.cli('client', 'kill', 'type', 'pubsub')],
      ['when it is cut', () => all(tracking(), (line) => line.cut())],
      ['when it is half-open', () => all(tracking(), (line) => line.silence())],
      [
        'when it is silent for a while',
        () => {
          const lines = tracking()
          all(lines, (line) => line.silence())
          setTimeout(() => all(lines, (line) => line.resume()), 2 * maxStale)
        },
      ],
      ['when it is slow', () => all(tracking(), (line) => line.delay(maxStale / 5))],
      ['when it is too slow', () => all(tracking(), (line) => line.delay(2 * maxStale))],
      [
        'when it cannot be opened again',
        () => {
          proxy.accepts = 'none'
          all(tracking(), (line) => line.cut())
        },
      ],
      [
        'when it is silent from the start',
        () => {
          proxy.accepts = 'silent'
          all(tracking(), (line) => line.cut())
        },
      ],
      ['when it goes silent as tracking begins', () => atRequest(TRACKING, (line) => line.silence())],
      ['when it is cut as tracking begins', () => atRequest(TRACKING, (line) => line.cut())],
      ['when it is slow as tracking begins', () => atRequest(TRACKING, (line) => line.delay(maxStale / 5))],
      ['when it goes silent at the subscription', () => atRequest(/SUBSCRIBE/i, (line) => line.silence())],
      ['when it is cut at the subscription', () => atRequest(/SUBSCRIBE/i, (line) => line.cut())],
      ['when it goes silent at a proof', () => atRequest(/\nPING/i, (line) => line.silence())],
      ['when it is cut at a proof', () => atRequest(/\nPING/i, (line) => line.cut())],
      [
        'when reads are slow and words of changes are not',
        () => all(data(), (line) => line.delay(maxStale / 5)),
      ],
      ['when both are slow', () => all([...data(), ...tracking()], (line) => line.delay(maxStale / 5))],
      [
        'when it breaks again and again',
        () => {
          const timer = setInterval(() => all(tracking(), (line) => line.cut()), maxStale / 4)
          setTimeout(() => clearInterval(timer), 3 * maxStale)
        },
      ],
    ])('%s', async (_, fault) => {
      await direct.flushall()
      await direct.set('k', '0', 'PX', 60_000)
      const { counted, store } = counting(ioredisStore(client, { commandTimeout: 1 }))
      const near = nearCache(store, { maxStale: maxStale / 1000 })
      await hot(near, counted)

      const during = (async () => {
        await sleep(maxStale / 2)
        await fault()
        await sleep(4 * maxStale)
      })()
      const { reads, stale } = await countStaleReads({
        write: (count) => direct.set('k', String(count), 'PX', 60_000),
        read: async () => Number(await textOf(near, 'k')),
        maxStale,
        during,
      })
      expect(reads).toBeGreaterThan(10)
      expect(stale).toBe(0)

      // And it comes back.
      proxy.accepts = 'all'
      proxy.onRequest = () => {}
      all(data(), (line) => line.delay(0))
      await hot(near, counted)
      near.close()
    })
  })
})
