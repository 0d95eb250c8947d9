import { createSessions, type Sessions } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { RedisServer } from '@tegata/test-servers/redis-server'
import { Redis } from 'ioredis'
import { type Data, dataOf } from './contender.ts'
import { beginSessions } from './contenders/begin-sessions.ts'

/** What it takes to find an owner's sessions among few and among many: milliseconds, call by call, in turn. */
export interface Owners {
  few: OwnerCalls
  many: OwnerCalls
}

export interface OwnerCalls {
  sessions: number
  list: number[]
  destroy: number[]
}

/** What of a manager is measured. */
interface ByOwner {
  listByOwner(owner: string): Promise<readonly unknown[]>
  destroyByOwner(owner: string): Promise<number>
}

const PER_OWNER = 10
const CALLS = 300
/** Calls that go before. */
const WARM_UP = 100
const SIZE = 200

/** `undefined` where this Tegata has no owners. */
export async function measureOwners(few: number, many: number): Promise<Owners | undefined> {
  const sites: Site[] = []
  try {
    for (const sessions of [few, many]) {
      const site = await Site.start(sessions)
      sites.push(site)
      if (!site.hasOwners) return undefined
      await site.fill()
    }
    for (let call = 0; call < WARM_UP + CALLS; call++) {
      // Another one first each time.
      for (const site of call % 2 === 0 ? sites : [...sites].reverse()) await site.call(call, call >= WARM_UP)
    }
    const [a, b] = sites
    return a && b && { few: a.calls, many: b.calls }
  } finally {
    for (const site of sites) await site.stop()
  }
}

/** Sessions in a Redis of their own, ten of each owner. */
class Site {
  readonly calls: OwnerCalls
  readonly #redis: RedisServer
  readonly #client: Redis
  readonly #sessions: Sessions<Data> & Partial<ByOwner>
  readonly #owners: number

  private constructor(redis: RedisServer, sessions: number) {
    this.#redis = redis
    this.#client = new Redis(redis.url)
    this.#sessions = createSessions<Data>({ store: ioredisStore(this.#client) })
    this.#owners = sessions / PER_OWNER
    this.calls = { sessions, list: [], destroy: [] }
  }

  static async start(sessions: number): Promise<Site> {
    const redis = new RedisServer()
    await redis.start()
    return new Site(redis, sessions)
  }

  get hasOwners(): boolean {
    return typeof this.#sessions.listByOwner === 'function'
  }

  async fill(): Promise<void> {
    const ownerOf = (at: number) => `user-${at % this.#owners}`
    await beginSessions(this.#sessions, this.calls.sessions, dataOf(SIZE), ownerOf)
  }

  /** Lists the sessions of another owner each time, and ends them. */
  async call(number: number, counts: boolean): Promise<void> {
    // One from everywhere: owners whose sessions began together lie together.
    const owner = `user-${Math.floor((number * this.#owners) / (WARM_UP + CALLS))}`
    const { listByOwner, destroyByOwner } = this.#sessions as unknown as ByOwner
    const began = performance.now()
    const { length } = await listByOwner.call(this.#sessions, owner)
    const listed = performance.now()
    const ended = await destroyByOwner.call(this.#sessions, owner)
    const destroyed = performance.now()
    if (length !== PER_OWNER || ended !== PER_OWNER) {
      throw new Error(`Of ${PER_OWNER} sessions of an owner ${length} were listed and ${ended} ended.`)
    }
    if (!counts) return
    this.calls.list.push(listed - began)
    this.calls.destroy.push(destroyed - listed)
  }

  async stop(): Promise<void> {
    this.#client.disconnect()
    await this.#redis.stop()
  }
}
