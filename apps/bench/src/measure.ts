import type { RedisServer } from '@tegata/test-servers/redis-server'
import { load } from './load.ts'
import { bytesDuring, commandsDuring, cpuOf } from './redis-figures.ts'
import { requestsFor } from './scale.ts'
import type { Scenario } from './scenario.ts'
import { ServerProcess } from './server-process.ts'
import { startSessions } from './start-sessions.ts'
import { warmUp } from './warm-up.ts'

/** What one contender did in one scenario. Its rounds belong to those of the others of that scenario and size, one by one. */
export interface Cell {
  contender: string
  scenario: string
  size: number
  /** Microseconds of CPU time of the server's process per request, round by round. */
  cpu: number[]
  /** Microseconds of CPU time of Redis' process per request, round by round. */
  redisCpu: number[]
  /** Requests per second, round by round. */
  rate: number[]
  /** Of all rounds. */
  failed: number
  /** Commands that Redis was sent per request. */
  commands: number
  /** Bytes to and from Redis per request. */
  bytes: { received: number; sent: number }
}

/** Who takes part, and in what. */
export interface Entrant {
  contender: string
  scenario: Scenario
}

export interface Rounds {
  rounds: number
  /** Of a small session, per contender and round. */
  requests: number
  connections: number
}

/** Requests that Redis' own figures are taken of, one after another. */
const SAMPLE = 40
/** The part of a round that goes before it: caches, and what was freed with the rest, belong to the neighbour until then. */
const RUN_IN = 0.1

/** All entrants in turn, round after round: what disturbs one round disturbs all of them. */
export async function measure(
  redis: RedisServer,
  entrants: readonly Entrant[],
  size: number,
  rounds: Rounds,
): Promise<Cell[]> {
  const runners: Runner[] = []
  try {
    for (const { contender, scenario } of entrants) {
      const server = await ServerProcess.start(contender, scenario.mode, redis.url)
      if (server) runners.push(new Runner(redis, server, { contender, scenario }, size, rounds))
    }
    const ready: Runner[] = []
    for (const runner of runners) if (await runner.prepare()) ready.push(runner)
    for (let round = 0; round < rounds.rounds; round++) {
      // Another one first each time.
      const from = round % Math.max(1, ready.length)
      for (const runner of [...ready.slice(from), ...ready.slice(0, from)]) await runner.round()
    }
    return ready.map(({ cell }) => cell)
  } finally {
    for (const { server } of runners) await server.stop()
    await redis.cli('flushall')
  }
}

class Runner {
  readonly server: ServerProcess
  readonly cell: Cell
  readonly #redis: RedisServer
  readonly #scenario: Scenario
  readonly #size: number
  readonly #connections: number
  readonly #requests: number
  #cookies: string[] = []

  constructor(
    redis: RedisServer,
    server: ServerProcess,
    { contender, scenario }: Entrant,
    size: number,
    { requests, connections }: Rounds,
  ) {
    this.#redis = redis
    this.server = server
    this.#scenario = scenario
    this.#size = size
    this.#connections = connections
    this.#requests = requestsFor(requests, size)
    const bytes = { received: Number.NaN, sent: Number.NaN }
    const figures = { cpu: [], redisCpu: [], rate: [], failed: 0, commands: Number.NaN, bytes }
    this.cell = { contender, scenario: scenario.name, size, ...figures }
  }

  /** Warms the server up, and takes Redis' figures. `false` where it cannot hold sessions of this size. */
  async prepare(): Promise<boolean> {
    const path = `/start?size=${this.#size}`
    const probe = await load({ port: this.server.port, path, amount: 1, connections: 1 })
    if (probe.failed > 0) return false
    if (this.#scenario.cookie === 'shared') {
      this.#cookies = await startSessions(this.server.port, this.#connections, this.#size)
    }
    await warmUp(this.#size, async (requests) => (await this.#run(requests)).cpu)
    const commands = await this.#sample((work) => commandsDuring(this.#redis, work))
    this.cell.commands = commands.length / SAMPLE
    const bytes = await this.#sample((work) => bytesDuring(this.#redis, work))
    this.cell.bytes = { received: bytes.received / SAMPLE, sent: bytes.sent / SAMPLE }
    return true
  }

  async round(): Promise<void> {
    const runIn = Math.ceil(RUN_IN * this.#requests)
    const cookies = await this.#ownCookies(runIn + this.#requests)
    await this.server.collect()
    await this.#load(runIn, cookies?.splice(0, runIn))
    const { cpu, redisCpu, rate, failed } = await this.#run(this.#requests, cookies)
    this.cell.cpu.push(cpu)
    this.cell.redisCpu.push(redisCpu)
    this.cell.rate.push(rate)
    this.cell.failed += failed
  }

  /** So many requests, and what each of them took, µs. */
  async #run(requests: number, own?: string[]) {
    const cookies = own ?? (await this.#ownCookies(requests))
    const redisBefore = await cpuOf(this.#redis)
    const before = await this.server.usage()
    const { rate, failed } = await this.#load(requests, cookies)
    const after = await this.server.usage()
    const redisAfter = await cpuOf(this.#redis)
    return {
      ...{ rate, failed },
      cpu: (after.cpu - before.cpu) / requests,
      redisCpu: (redisAfter - redisBefore) / requests,
    }
  }

  async #sample<T>(figure: (work: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const cookies = await this.#ownCookies(SAMPLE)
    return figure(() => this.#load(SAMPLE, cookies, 1))
  }

  async #ownCookies(count: number): Promise<string[] | undefined> {
    return this.#scenario.cookie === 'own' ? startSessions(this.server.port, count, this.#size) : undefined
  }

  async #load(amount: number, own = this.#cookies, connections = this.#connections) {
    const { path, cookie } = this.#scenario
    const once = cookie === 'own'
    return load({ port: this.server.port, path, amount, connections, once, cookies: own })
  }
}
