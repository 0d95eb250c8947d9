import type { Duplex } from 'node:stream'
import type { EnumerableStore, IndexedStore } from '@tegata/core'
import { redisOrSkip } from '@tegata/test-servers'
import { Redis as Redis6 } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterEach, describe, expect, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

interface Client extends IoredisClient {
  disconnect(): void
  get(key: string): Promise<string | null>
  flushall(): Promise<unknown>
  on(event: 'error', listener: () => void): unknown
}

interface Options {
  keyPrefix?: string
  enableAutoPipelining?: boolean
  enableOfflineQueue?: boolean
  stringNumbers?: boolean
  showFriendlyErrorStack?: boolean
  maxRetriesPerRequest?: number
  retryStrategy?: () => null
  /** Of ioredis 6 alone. */
  protocol?: 2 | 3
  replyMapping?: 'legacy' | 'resp3'
}

// That both majors' clients fit the structural type is what these two lines compile for.
const majors: Record<string, (url: string, options: Options) => Client> = {
  'ioredis 5': (url, options) => new Redis5(url, options),
  'ioredis 6': (url, options) => new Redis6(url, options),
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const later = () => Date.now() + 60_000

test('ioredisStore says so when it is given something else than a client', () => {
  const url: unknown = 'redis://localhost'
  expect(() => ioredisStore(url as IoredisClient)).toThrow(TypeError)
})

await redisOrSkip('ioredisStore', (redis) => {
  describe.each(Object.entries(majors))('with %s', (_, connect) => {
    let client: Client
    const open = (options: Options = {}, url = redis.url): EnumerableStore & IndexedStore => {
      client = connect(url, options)
      client.on('error', () => {})
      return ioredisStore(client)
    }
    afterEach(async () => {
      await redis.cli('flushall')
      client.disconnect()
    })

    test('sends all of one turn of the event loop in one write, and each command is answered for itself', async () => {
      const store = open()
      await store.create('one', utf8('1'), later())
      const { stream } = client as unknown as { stream: Duplex }
      const writes: number[] = []
      const { _write: write, _writev: writev } = stream
      stream._write = function (...args) {
        writes.push(1)
        return write.apply(this, args)
      }
      stream._writev = function (chunks, ...rest) {
        writes.push(chunks.length)
        return writev?.call(this, chunks, ...rest)
      }
      const found = await Promise.all([store.read('one'), store.read('none'), client.get('one')])
      expect(found).toEqual([{ value: utf8('1') }, null, '1'])
      expect(writes).toEqual([3])
      await store.read('one')
      expect(writes).toEqual([3, 1])
    })

    test('brings any byte there and back', async () => {
      const store = open()
      for (const value of [
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        utf8(''),
        new Uint8Array(1_000_000).fill(0xff),
      ]) {
        await store.destroy('k')
        expect(await store.create('k', value, later())).toBe(true)
        const read = await store.read('k')
        expect(read && 'value' in read && Buffer.compare(read.value, value)).toBe(0)
        expect(await store.replace('k', utf8('B'), later(), { whole: value })).toEqual({
          outcome: 'replaced',
        })
        expect(await store.replace('k', value, later(), { stamp: utf8('B') })).toEqual({
          outcome: 'replaced',
        })
        const conflict = await store.replace('k', utf8('C'), later(), { stamp: utf8('B') })
        expect('value' in conflict && Buffer.compare(conflict.value, value)).toBe(0)
      }
    })

    test('sends a part of a larger buffer as that part', async () => {
      const store = open()
      const value = utf8('...part...').subarray(3, 7)
      await store.create('k', value, later())
      expect(await client.get('k')).toBe('part')
    })

    test.each<[string, Options]>([
      ['automatic pipelining', { enableAutoPipelining: true }],
      ['numbers as strings', { stringNumbers: true }],
      ['friendly stacks', { showFriendlyErrorStack: true }],
      ['no offline queue', { enableOfflineQueue: false }],
      ['the older protocol', { protocol: 2 }],
      ['the replies of the newer protocol', { protocol: 3, replyMapping: 'resp3' }],
    ])('works on a client with %s', async (_, options) => {
      const store = open(options)
      await expect.poll(() => client.get('k').catch(() => 'not yet')).toBeNull()
      const field = (value: number, width: number) => value.toString(36).padStart(width, '0')
      const value = utf8(field(60, 2) + field(later(), 9))
      const fields = { idle: [0, 2], until: [2, 9] } as const
      for (let round = 0; round < 2; round++) {
        expect(await store.create('k', value, later(), { notAfter: later() })).toBe(true)
        expect(await store.read('k', { extend: { fields, now: Date.now(), touchAfter: 0 } })).toMatchObject({
          value,
        })
        expect(await store.rotate('k', 'l', value, later())).toEqual({ outcome: 'replaced' })
        expect(await store.read('k')).toBeNull()
        expect(await store.touch('l', later())).toBe(true)
        expect(await store.destroy('l')).toBe(true)
        expect(await store.destroy('l')).toBe(false)
      }
    })

    test('knows its keys on a client that puts a prefix before them', async () => {
      const store = open({ keyPrefix: 'app[1]:' })
      await store.create('sess:1', utf8('A'), later())
      await store.rotate('sess:1', 'sess:2', utf8('B'), later())
      expect(await redis.cli('keys', '*')).toBe('app[1]:sess:2')
      const keys: string[] = []
      for await (const key of store.keys('sess:')) keys.push(key)
      expect(keys).toEqual(['sess:2'])
      expect(await store.destroy('sess:2')).toBe(true)
    })

    test('lists keys by the names that it gave them, on a client that puts a prefix before them', async () => {
      const store = open({ keyPrefix: 'app:' })
      const index = { key: 'i', note: 'n', expiresAt: later() }
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await store.create(key, utf8('A'), later(), { index })
      await store.rotate('a', 'g', utf8('B'), later(), undefined, { index: { ...index, keepsRank: true } })
      const members = (await store.members('i')).sort((x, y) => x.rank - y.rank)
      expect(members.map(({ key }) => key)).toEqual(['g', 'b', 'c', 'd', 'e', 'f'])
      await store.removeMembers('i', ['g', 'b', 'c', 'd', 'e'])
      expect(await redis.cli('hlen', 'app:i')).toBe('2')
    })

    test('tells an error that Redis answers from a connection that is lost', async () => {
      const store = open({ maxRetriesPerRequest: 0, retryStrategy: () => null })
      await client.get('k')
      await redis.cli('config', 'set', 'min-replicas-to-write', '1')
      await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'not-applied',
      })
      await redis.cli('config', 'set', 'min-replicas-to-write', '0')
      client.disconnect()
      await expect(store.create('k', utf8('A'), later())).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'unknown',
      })
      await expect(store.read('k')).rejects.toMatchObject({ outcome: 'not-applied' })
    })
  })
})
