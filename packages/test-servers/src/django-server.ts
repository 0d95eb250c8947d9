import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findDjango } from './find-django.mjs'
import { guardProcess } from './guard-process.ts'

const START_TIMEOUT_MS = 60_000

/** A Django site of one file, on a free loopback port; it ends with this process at the latest. */
export class DjangoServer {
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #dismissGuard: () => void
  readonly url: string

  private constructor(child: ChildProcess, folder: string, dismissGuard: () => void, url: string) {
    this.#process = child
    this.#folder = folder
    this.#dismissGuard = dismissGuard
    this.url = url
  }

  /**
   * Runs the file at `script`, which says `READY <url>` once it answers. It is told of a folder for its files by
   * `SITE_FOLDER`, and whatever `env` says.
   */
  static async start(script: string, env: Record<string, string>): Promise<DjangoServer> {
    const found = await findDjango()
    if ('missing' in found) throw new Error(found.missing)
    const folder = await mkdtemp(join(tmpdir(), 'tegata-django-'))
    const child = spawn(found.python, [script], {
      env: { ...process.env, ...found.env, ...env, SITE_FOLDER: folder, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    if (child.pid === undefined) throw (await once(child, 'error'))[0]
    const dismissGuard = guardProcess(child.pid, folder)
    let output = ''
    child.stderr?.on('data', (chunk) => {
      output = (output + chunk).slice(-4000)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^READY (\S+)$/.exec(line)?.[1]
      if (!url) continue
      clearTimeout(timer)
      return new DjangoServer(child, folder, dismissGuard, url)
    }
    clearTimeout(timer)
    dismissGuard()
    await rm(folder, { recursive: true, force: true })
    throw new Error(`Django did not start: ${output}`)
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
      await exited
      clearTimeout(timer)
    }
    this.#dismissGuard()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
