import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Done, Enumeration, Question, Usage } from './messages.ts'
import type { Mode } from './scenario.ts'

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url))
const FOLDER = fileURLToPath(new URL('..', import.meta.url))

/** A contender's server, in a process of its own, so that what is measured there is its work alone. */
export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** `undefined` where the contender has no such mode. `server`: where it is built. */
  static async start(
    contender: string,
    mode: Mode,
    redisUrl: string,
    server?: string,
  ): Promise<ServerProcess | undefined> {
    const child = fork(server ?? SERVER, [contender, mode, redisUrl], {
      cwd: FOLDER,
      execArgv: [...(server ? [] : ['--import', 'tsx']), '--expose-gc'],
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const { port } = await answerOf<{ port: number | undefined }>(child)
    if (port !== undefined) return new ServerProcess(child, port)
    child.disconnect()
    return undefined
  }

  usage(): Promise<Usage> {
    return this.#ask({ ask: 'usage' })
  }

  /** Frees its memory, so that this does not fall into a turn of its own, nor into a neighbour's. */
  async collect(): Promise<void> {
    await this.#ask<Done>({ ask: 'collect' })
  }

  enumerate(): Promise<Enumeration> {
    return this.#ask({ ask: 'enumerate' })
  }

  /** Begins sessions without requests. `false` where the contender needs requests for it. */
  async fill(count: number, size: number): Promise<boolean> {
    const { done } = await this.#ask<Done>({ ask: 'fill', count, size })
    return done
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  #ask<T extends Answer>(question: Question): Promise<T> {
    const answer = answerOf<T>(this.#child)
    this.#child.send(question)
    return answer
  }
}

/** Rejects when the process ends instead of answering. */
async function answerOf<T extends Answer>(child: ChildProcess): Promise<T> {
  const end = new AbortController()
  try {
    const [answer] = await Promise.race([
      once(child, 'message', { signal: end.signal }),
      once(child, 'exit', { signal: end.signal }).then(([code]) => {
        throw new Error(`A server ended with ${code}.`)
      }),
    ])
    if ('failed' in (answer as object)) throw new Error((answer as { failed: string }).failed)
    return answer as T
  } finally {
    end.abort()
  }
}
