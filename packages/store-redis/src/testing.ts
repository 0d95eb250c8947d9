import type { EndMark, EnumerableStore } from '@tegata/core'
import type { RedisServer } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { RedisCommands } from './redis-commands.ts'
import { redisStore } from './redis-store.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const whole = (text: string) => ({ whole: utf8(text) })
export const stamp = (text: string) => ({ stamp: utf8(text) })

export const commandsOf = (client: Redis): RedisCommands => ({
  send: (_key, [command, ...args]) =>
    client.callBuffer(
      command,
      args.map((arg) => (typeof arg === 'string' ? arg : Buffer.from(arg))),
    ),
  isErrorReply: (error): error is Error => error instanceof Error && error.name === 'ReplyError',
})

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** A verb of the store, on keys where it finds what it needs: `k` holds `A`, `free` nothing. */
export interface Verb {
  call(store: EnumerableStore, options?: { notAfter: number }): Promise<unknown>
  command: string
}

export const isSuccess = (answer: unknown) =>
  answer === true || (answer as { outcome?: string }).outcome === 'replaced'

/** A client, a database that is empty before each test, and a store whose clock can be set. */
export class Fixture {
  readonly #redis: RedisServer
  client!: Redis
  store!: EnumerableStore
  /** How far our clock is ahead of the server's. */
  skew = 0

  constructor(redis: RedisServer) {
    this.#redis = redis
    beforeAll(async () => {
      this.client = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
      this.client.on('error', () => {})
      await this.client.ping()
    })
    afterAll(() => this.client.disconnect())
    beforeEach(async () => {
      this.skew = 0
      await this.client.flushdb()
      this.newProcess()
    })
  }

  readonly now = () => Date.now() + this.skew
  readonly later = (ms = 60_000) => this.now() + ms

  /** A store that knows nothing yet of the server. */
  newProcess(): void {
    this.store = redisStore(commandsOf(this.client), { now: this.now })
  }

  /** A living session under `k`. */
  async put(text = 'A'): Promise<void> {
    await this.client.flushdb()
    await this.client.set('k', text, 'PX', 60_000)
  }

  /** All keys and their values. */
  async dump(): Promise<Record<string, string | null>> {
    const keys = (await this.client.keys('*')).sort()
    return Object.fromEntries(
      await Promise.all(keys.map(async (key) => [key, await this.client.get(key)] as const)),
    )
  }

  /** What clients send while something runs. */
  async sentBy(work: () => Promise<unknown>): Promise<string[]> {
    const monitor = await this.#redis.monitor()
    await work()
    const names = await monitor.names()
    monitor.stop()
    return names
  }

  readonly mark = (text = 'ended:1', ms = 60_000): EndMark => ({
    value: utf8(text),
    expiresAt: this.later(ms),
    lead: utf8('ended:'),
  })

  readonly extend = (now = this.now()) => ({
    extend: { fields: { idle: [0, 2], until: [2, 9] } as const, now, touchAfter: 0 },
  })

  readonly reads: Record<string, Verb> = {
    read: { call: (store) => store.read('k'), command: 'GET' },
    'read with extend': { call: (store) => store.read('k', this.extend()), command: 'EVALSHA' },
  }

  readonly writes: Record<string, Verb> = {
    create: { call: (store, o) => store.create('free', utf8('N'), this.later(), o), command: 'EVALSHA' },
    'replace by stamp': {
      call: (store, o) => store.replace('k', utf8('B'), this.later(), stamp('A'), o),
      command: 'EVALSHA',
    },
    'replace by whole value': {
      call: (store, o) => store.replace('k', utf8('B'), this.later(), whole('A'), o),
      command: 'EVALSHA',
    },
    'replace of anything': {
      call: (store, o) => store.replace('k', utf8('B'), this.later(), undefined, o),
      command: 'EVALSHA',
    },
    rotate: {
      call: (store, o) => store.rotate('k', 'free', utf8('B'), this.later(), stamp('A'), o),
      command: 'EVALSHA',
    },
    'rotate with a mark': {
      call: (store, o) =>
        store.rotate('k', 'free', utf8('B'), this.later(), stamp('A'), { mark: this.mark(), ...o }),
      command: 'EVALSHA',
    },
    touch: { call: (store, o) => store.touch('k', this.later(90_000), o), command: 'EVALSHA' },
    destroy: { call: (store, o) => store.destroy('k', o), command: 'UNLINK' },
    'destroy with a mark': {
      call: (store, o) => store.destroy('k', { mark: this.mark(), ...o }),
      command: 'EVALSHA',
    },
  }
}
