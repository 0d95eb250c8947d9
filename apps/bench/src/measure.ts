import type { RedisServer } from '@tegata/test-servers/redis-server'
import { load } from './load.ts'
import type { Options } from './options.ts'
import { bytesDuring, commandsDuring } from './redis-figures.ts'
import type { Scenario } from './scenario.ts'
import { ServerProcess } from './server-process.ts'
import { startSessions } from './start-sessions.ts'

/** What one contender did in one scenario. */
export interface Cell {
  contender: string
  scenario: string
  size: number
  /** Microseconds of CPU time of the server's process per request, round by round. */
  cpu: number[]
  /** Requests per second, round by round. */
  rate: number[]
  /** Of all rounds. */
  failed: number
  /** Commands that Redis was sent per request. */
  commands: number
  /** Bytes to and from Redis per request. */
  bytes: { received: number; sent: number }
}

/** Requests that Redis' own figures are taken of, one after another. */
const SAMPLE = 40
/** How many rounds go by before the first that counts: code that was just loaded takes several times as long. */
const WARM_UP = 2

/** One scenario, with all contenders in turn, round after round: what disturbs one round disturbs all of them. */
export async function measure(
  redis: RedisServer,
  scenario: Scenario,
  size: number,
  options: Options,
): Promise<Cell[]> {
  const runners: Runner[] = []
  for (const contender of options.contenders) {
    const server = await ServerProcess.start(contender, scenario.mode, redis.url)
    if (server) runners.push(new Runner(contender, server, scenario, size, options))
  }
  try {
    const ready: Runner[] = []
    for (const runner of runners) if (await runner.prepare(redis)) ready.push(runner)
    for (let round = 0; round < options.rounds; round++) {
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
  readonly #scenario: Scenario
  readonly #size: number
  readonly #options: Options
  #cookies: string[] = []

  constructor(contender: string, server: ServerProcess, scenario: Scenario, size: number, options: Options) {
    this.server = server
    this.#scenario = scenario
    this.#size = size
    this.#options = options
    const bytes = { received: Number.NaN, sent: Number.NaN }
    const figures = { cpu: [], rate: [], failed: 0, commands: Number.NaN, bytes }
    this.cell = { contender, scenario: scenario.name, size, ...figures }
  }

  /** Warms the server up, and takes Redis' figures. `false` where it cannot hold sessions of this size. */
  async prepare(redis: RedisServer): Promise<boolean> {
    const { requests, connections } = this.#options
    const probe = await load({
      port: this.server.port,
      path: `/start?size=${this.#size}`,
      amount: 1,
      connections: 1,
    })
    if (probe.failed > 0) return false
    if (this.#scenario.cookie === 'shared') {
      this.#cookies = await startSessions(this.server.port, connections, this.#size)
    }
    await this.#load(WARM_UP * requests)
    const commands = await this.#sample((work) => commandsDuring(redis, work))
    this.cell.commands = commands.length / SAMPLE
    const bytes = await this.#sample((work) => bytesDuring(redis, work))
    this.cell.bytes = { received: bytes.received / SAMPLE, sent: bytes.sent / SAMPLE }
    return true
  }

  async round(): Promise<void> {
    const { requests } = this.#options
    const cookies = await this.#ownCookies(requests)
    const before = await this.server.usage()
    const { rate, failed } = await this.#load(requests, cookies)
    const after = await this.server.usage()
    this.cell.cpu.push((after.cpu - before.cpu) / requests)
    this.cell.rate.push(rate)
    this.cell.failed += failed
  }

  async #sample<T>(figure: (work: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const cookies = await this.#ownCookies(SAMPLE)
    return figure(() => this.#load(SAMPLE, cookies, 1))
  }

  async #ownCookies(count: number): Promise<string[] | undefined> {
    return this.#scenario.cookie === 'own' ? startSessions(this.server.port, count, this.#size) : undefined
  }

  async #load(amount: number, own?: string[], connections = this.#options.connections) {
    const cookies = own ?? (this.#scenario.cookie === 'own' ? await this.#ownCookies(amount) : this.#cookies)
    const { path, cookie } = this.#scenario
    const once = cookie === 'own'
    return load({ port: this.server.port, path, amount, connections, once, ...(cookies && { cookies }) })
  }
}
