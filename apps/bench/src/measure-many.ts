import type { RedisServer } from '@tegata/test-servers/redis-server'
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
  /** What it costs to list them all, where the library can. */
  listing: (Enumeration & { longestCommand: number }) | undefined
}

const SIZE = 200
/** Keeps its sessions elsewhere, or has none. */
const hasStore = (contender: string) => !/bare$|^iron-session$|-near$/.test(contender)

export async function measureMany(
  redis: RedisServer,
  contenders: readonly string[],
  sessions: number,
): Promise<Many[]> {
  const all: Many[] = []
  await redis.cli('config', 'set', 'slowlog-log-slower-than', '500', 'slowlog-max-len', '1000')
  for (const contender of contenders.filter(hasStore)) {
    const server = await ServerProcess.start(contender, 'eager', redis.url)
    if (!server) continue
    try {
      const before = await memoryOf(redis)
      await load({ port: server.port, path: `/start?size=${SIZE}`, amount: sessions, connections: 64 })
      const memory = ((await memoryOf(redis)) - before) / sessions
      await longestCommand(redis)
      const listing = await server.enumerate()
      const longest = await longestCommand(redis)
      const isListed = Number.isFinite(listing.count)
      all.push({
        contender,
        sessions,
        memory,
        listing: isListed ? { ...listing, longestCommand: longest } : undefined,
      })
    } finally {
      await server.stop()
      await redis.cli('flushall', 'sync')
    }
  }
  return all
}
