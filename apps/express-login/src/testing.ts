import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))

/** The app as a process of its own, on a free port: what `npm start` runs, built before the tests. */
export class App {
  readonly #process: ChildProcess
  readonly url: string

  private constructor(process: ChildProcess, url: string) {
    this.#process = process
    this.url = url
  }

  static async start(redisUrl?: string): Promise<App> {
    const { REDIS_URL: _, ...inherited } = process.env
    const child = spawn(process.execPath, ['dist/server.js'], {
      cwd: folder,
      env: { ...inherited, PORT: '0', ...(redisUrl && { REDIS_URL: redisUrl }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^http:\/\/localhost:(\d+)$/.exec(line)
      if (url) return new App(child, `http://127.0.0.1:${url[1]}`)
    }
    throw new Error('The app did not start.')
  }

  /** Answers the exit code. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return this.#process.exitCode
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const [code] = await exited
    return code as number | null
  }
}

/** An app that ends with the test, however that ends. */
export async function startInTest(redisUrl?: string): Promise<App> {
  const app = await App.start(redisUrl)
  onTestFinished(async () => void (await app.stop()))
  return app
}

/** A client that keeps one cookie, as a browser does. */
export class Client {
  cookie: string | undefined

  async send(app: App, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const isForm = body instanceof URLSearchParams
    const response = await fetch(app.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookie && { cookie: this.cookie }),
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    const setCookie = response.headers.getSetCookie()[0]
    if (setCookie) this.cookie = /Max-Age=0/.test(setCookie) ? undefined : setCookie.split(';')[0]
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, json, setCookie }
  }

  get = (app: App, path: string) => this.send(app, 'GET', path)
  post = (app: App, path: string, body?: unknown, headers?: Record<string, string>) =>
    this.send(app, 'POST', path, body, headers)
}
