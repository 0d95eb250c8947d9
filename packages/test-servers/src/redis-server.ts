import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { askRedis, requestOf } from './ask-redis.ts'
import { findRedis } from './find-redis.mjs'
import { freePort } from './free-port.ts'
import { guardProcess } from './guard-process.ts'
import { Monitor } from './monitor.ts'
import { makeTlsFiles, type TlsFiles } from './tls-files.ts'

const run = promisify(execFile)
const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 10_000

export interface RedisOptions {
  /** Keep the data across `restart()`. Default `false`. */
  appendOnly?: boolean
  /** More arguments of the server: `['--maxmemory', '3mb']`. */
  args?: readonly string[]
  /** Listen on a second port with TLS, by a certificate made for the occasion. Default `false`. */
  tls?: boolean
  /** Lines of a configuration file, for a server that holds no data, as a sentinel: options of persistence are left out then. */
  config?: readonly string[]
}

/** A node of a cluster talks to the others on its port and 10,000. */
const HIGHEST_CLUSTER_PORT = 55_535

/** A Redis of one's own on a free loopback port, in a temporary folder; it ends with this process at the latest. */
export class RedisServer {
  readonly #options: RedisOptions
  #executables: { server: string; cli: string } | undefined
  #process: ChildProcess | undefined
  #dismissGuard: (() => void) | undefined
  #folder = ''
  #port = 0
  #tls: TlsFiles | undefined
  readonly #monitors = new Set<Monitor>()

  constructor(options: RedisOptions = {}) {
    this.#options = options
  }

  get port(): number {
    if (!this.#port) throw new Error('This Redis has not been started.')
    return this.#port
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`
  }

  /** Where it listens with TLS, and whom to trust then. */
  get tls(): TlsFiles {
    if (!this.#tls) throw new Error('This Redis was not started with the option `tls`.')
    return this.#tls
  }

  /** The path of its unix socket. */
  get socket(): string {
    return join(this.#folder, 'redis.sock')
  }

  /** `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  async start(): Promise<void> {
    const found = await findRedis()
    if ('missing' in found) throw new Error(found.missing)
    this.#executables = found
    this.#folder ||= await mkdtemp(join(tmpdir(), 'tegata-redis-'))
    if (this.#options.tls) this.#tls ??= await makeTlsFiles(this.#folder)
    const fixedPort = this.#port
    for (let attempt = 1; ; attempt++) {
      this.#port = fixedPort || (await freePort(HIGHEST_CLUSTER_PORT))
      const problem = await this.#launch(found.server)
      if (!problem) return
      if (attempt === 5) throw new Error(`Redis did not start: ${problem}`)
      await sleep(50)
    }
  }

  /** The answer of `redis-cli`, without the final line break; where it is given no option, without the time that it takes to start. */
  async cli(...args: string[]): Promise<string> {
    if (!this.#executables) throw new Error('This Redis has not been started.')
    if (!args[0]?.startsWith('-')) return askRedis(HOST, this.port, requestOf(args))
    const { stdout } = await run(this.#executables.cli, ['-h', HOST, '-p', String(this.port), ...args], {
      timeout: 10_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.replace(/\n$/, '')
  }

  async flush(): Promise<void> {
    const answer = await this.cli('flushall')
    if (answer !== 'OK') throw new Error(`Redis was not emptied: ${answer}`)
  }

  /** Ends every connection of a client, whatever is under way on it; those of sentinels, which would see a dead server, stay. */
  async killClients(): Promise<void> {
    const list = await this.cli('client', 'list', 'type', 'normal')
    const others = list.split('\n').filter((line) => !line.includes(' name=sentinel-'))
    const ids = others.flatMap((line) => /\bid=(\d+)/.exec(line)?.[1] ?? [])
    const kills = ids.map((id) => requestOf(['client', 'kill', 'id', id])).join('')
    if (kills) await askRedis(HOST, this.port, kills)
  }

  /** Stops the process in its tracks: connections stay open, nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** As a crash: nothing is said to anybody. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it, if it still runs, and starts it again on the same port, with its data where `appendOnly` was set. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.start()
  }

  /** Records every command from now on. */
  async monitor(): Promise<Monitor> {
    const monitor = await Monitor.open(HOST, this.port)
    this.#monitors.add(monitor)
    return monitor
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL')
    // A child that saves or rewrites outlives it for a moment, and writes on.
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
    this.#folder = ''
    this.#port = 0
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    for (const monitor of this.#monitors) monitor.stop()
    this.#monitors.clear()
    const child = this.#process
    if (!child) return
    const exited = once(child, 'exit')
    // Outside of a runner nothing else may keep this process alive until it is told.
    child.ref()
    child.kill(signal)
    // A frozen process takes no signal but SIGKILL.
    child.kill('SIGCONT')
    await exited
  }

  async #arguments(): Promise<string[]> {
    const { appendOnly = false, args = [], config } = this.#options
    const listen = ['--port', String(this.#port), '--bind', HOST, '--dir', this.#folder]
    if (config) {
      const file = join(this.#folder, 'redis.conf')
      await writeFile(file, config.join('\n'))
      return [file, ...listen, ...args]
    }
    const tls = this.#tls
      ? ['--tls-port', String(this.#tls.port), '--tls-auth-clients', 'no', ...this.#tls.args]
      : []
    const persistence = ['--save', '', '--appendonly', appendOnly ? 'yes' : 'no']
    return [...listen, '--unixsocket', this.socket, ...persistence, ...tls, ...args]
  }

  /** Answers what went wrong, if anything. */
  async #launch(server: string): Promise<string | undefined> {
    const child = spawn(server, await this.#arguments(), {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-2000)
      })
      if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
    }
    child.unref()
    let failed: string | undefined
    child.on('error', (error) => {
      failed = error.message
    })
    child.on('exit', () => {
      this.#dismissGuard?.()
      this.#process = undefined
    })
    if (child.pid === undefined) return (await once(child, 'error'))[0].message
    this.#process = child
    this.#dismissGuard = guardProcess(child.pid, this.#folder)
    const giveUpAt = Date.now() + START_TIMEOUT_MS
    while (this.#process === child && Date.now() < giveUpAt) {
      if (await answersPing(this.#port)) return undefined
      await sleep(10)
    }
    if (this.#process === child) await this.#end('SIGKILL')
    return failed ?? output.trim().split('\n').slice(-3).join(' | ')
  }
}

/** `false` also while the server still loads its data. */
const answersPing = async (port: number) =>
  (await askRedis(HOST, port, requestOf(['ping']), 1000).catch(() => '')) === 'PONG'

export async function startRedis(options?: RedisOptions): Promise<RedisServer> {
  const redis = new RedisServer(options)
  await redis.start()
  return redis
}
