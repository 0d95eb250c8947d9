import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '@tegata/test-servers/redis-server'

/** Fields of `INFO`, as numbers where they are. */
async function info(redis: RedisServer, section: string): Promise<Record<string, number>> {
  const lines = (await redis.cli('info', section)).split(/\r?\n/)
  return Object.fromEntries(
    lines.map((line) => line.split(':')).map(([name, value]) => [name, Number(value)]),
  )
}

/** Bytes of all that Redis holds, once it stands still: buffers of clients are freed, and tables moved, a little later. */
export async function memoryOf(redis: RedisServer): Promise<number> {
  const now = async () => (await info(redis, 'memory')).used_memory ?? Number.NaN
  let before = await now()
  for (let i = 0; i < 60; i++) {
    await sleep(500)
    const after = await now()
    if (Math.abs(after - before) < 10_000) return after
    before = after
  }
  return before
}

/** What it is: `7.0.15`. */
export async function versionOf(redis: RedisServer): Promise<string> {
  const server = await redis.cli('info', 'server')
  return /redis_version:([\w.]+)/.exec(server)?.[1] ?? 'unknown'
}

/**
 * Microseconds of CPU time of Redis' process since it began. What a command costs it is more than what `INFO commandstats` counts: it reads
 * the request, and writes the answer.
 */
export async function cpuOf(redis: RedisServer): Promise<number> {
  const { used_cpu_user = Number.NaN, used_cpu_sys = Number.NaN } = await info(redis, 'cpu')
  return (used_cpu_user + used_cpu_sys) * 1e6
}

/** What clients send while something runs, signs of life aside. */
export async function commandsDuring(redis: RedisServer, work: () => Promise<unknown>): Promise<string[]> {
  const monitor = await redis.monitor()
  await work()
  const names = await monitor.names()
  monitor.stop()
  return names.filter((name) => name !== 'PING')
}

/** Bytes in and out of Redis while something runs. */
export async function bytesDuring(redis: RedisServer, work: () => Promise<unknown>) {
  const [one, two] = [await info(redis, 'stats'), await info(redis, 'stats')]
  await work()
  const three = await info(redis, 'stats')
  const of = (field: string) => {
    const [a = 0, b = 0, c = 0] = [one, two, three].map((stats) => stats[field] ?? 0)
    // To ask costs bytes as well: as many as between the first two times.
    return Math.max(0, c - b - (b - a))
  }
  return { received: of('total_net_input_bytes'), sent: of('total_net_output_bytes') }
}

/** The longest command since the last call, milliseconds. */
export async function longestCommand(redis: RedisServer): Promise<number> {
  const log = await redis.cli('--json', 'slowlog', 'get', '-1')
  const entries = JSON.parse(log) as [id: number, at: number, microseconds: number][]
  await redis.cli('slowlog', 'reset')
  return Math.max(0, ...entries.map(([, , microseconds]) => microseconds)) / 1000
}
