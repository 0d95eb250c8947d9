import { RedisServer } from '@tegata/test-servers/redis-server'
import { load } from './load.ts'
import type { Enumeration } from './messages.ts'
import { longestCommand, memoryOf } from './redis-figures.ts'
import { ServerProcess } from './server-process.ts'

/** What many sessions of one contender cost. */
export interface Many {
  contender: string
  sessions: number
  /** Bytes that Redis takes per session of 200 bytes. */
  memory: number
  /** What it costs to list them all, where the library can: the least of some listings, and the growth of the one that grew most. */
  listing: Listing | undefined
}

export interface Listing extends Enumeration {
  /** In Redis, milliseconds. */
  longestCommand: number
}

const SIZE = 200

/** So many sessions of one contender, in a Redis that holds nothing else. `undefined` where it has none there. */
export async function measureMany(contender: string, sessions: number): Promise<Many | undefined> {
  const redis = new RedisServer({ args: ['--slowlog-log-slower-than', '200', '--slowlog-max-len', '10000'] })
  await redis.start()
  try {
    const empty = await memoryOf(redis)
    if (!(await fill(contender, redis, sessions))) return undefined
    const memory = ((await memoryOf(redis)) - empty) / sessions
    const listing = await listings(contender, redis)
    return { contender, sessions, memory, listing }
  } finally {
    await redis.stop()
  }
}

/** By a process of its own, which then is gone with its connections and their buffers. Answers whether all are there. */
async function fill(contender: string, redis: RedisServer, sessions: number): Promise<boolean> {
  const server = await ServerProcess.start(contender, 'eager', redis.url)
  if (!server) return false
  try {
    if (!(await server.fill(sessions, SIZE))) {
      const path = `/start?size=${SIZE}`
      await load({ port: server.port, path, amount: sessions, connections: 64 })
    }
  } finally {
    await server.stop()
  }
  return Number(await redis.cli('dbsize')) === sessions
}

/** As often as it takes to tell what the library does from what the machine does meanwhile: the first comes up each time. */
const LISTINGS = 3

async function listings(contender: string, redis: RedisServer): Promise<Many['listing']> {
  const all: Listing[] = []
  for (let i = 0; i < LISTINGS; i++) {
    const listing = await list(contender, redis)
    if (!listing) return undefined
    all.push(listing)
  }
  const least = (of: (listing: Listing) => number) => Math.min(...all.map(of))
  return {
    count: least(({ count }) => count),
    took: least(({ took }) => took),
    blocked: least(({ blocked }) => blocked),
    longestCommand: least(({ longestCommand }) => longestCommand),
    grew: Math.max(...all.map(({ grew }) => grew)),
  }
}

/** By a process of its own, which has no memory to spare that an earlier listing left. */
async function list(contender: string, redis: RedisServer): Promise<Listing | undefined> {
  const server = await ServerProcess.start(contender, 'eager', redis.url)
  if (!server) return undefined
  try {
    await longestCommand(redis)
    const listing = await server.enumerate()
    const longest = await longestCommand(redis)
    return Number.isFinite(listing.count) ? { ...listing, longestCommand: longest } : undefined
  } finally {
    await server.stop()
  }
}
