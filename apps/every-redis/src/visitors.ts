import { setTimeout as sleep } from 'node:timers/promises'
import {
  createSessions,
  type EnumerableStore,
  type SessionOptions,
  StoreUnavailableError,
} from '@tegata/core'
import { underWay } from '@tegata/test-servers'
import { expect } from 'vitest'

interface Data {
  n?: number
  text?: string
}

type Handler<T> = (session: Awaited<ReturnType<ReturnType<Manager['open']>['session']>>) => T | Promise<T>
type Manager = ReturnType<typeof createSessions<Data>>

/** One browser: what it was answered, and the cookie that it has. */
export class Visitor {
  readonly #sessions: Manager
  cookie: string | undefined
  /** Cookies that a response took away. */
  cleared = 0
  /** Counts that were acknowledged, and those that may have been made. */
  counted = 0
  doubtful = 0
  readonly failures: StoreUnavailableError[] = []

  constructor(sessions: Manager) {
    this.#sessions = sessions
  }

  /** One request, committed before it is answered. Rejects with what an integration would answer 503 for. */
  async request<T>(handler: Handler<T>): Promise<T> {
    const context = this.#sessions.open({ cookie: this.cookie, secure: true })
    const answer = await handler(await context.session())
    await context.commit()
    const [setCookie] = context.headers().setCookies
    if (setCookie) {
      this.cookie = setCookie.split(';')[0]
      if (this.cookie?.endsWith('=')) this.cleared++
    }
    return answer
  }

  read(): Promise<{ isNew: boolean; n: number | undefined; owner: string | undefined }> {
    return this.request(({ isNew, owner, data }) => ({ isNew, owner, n: data.n }))
  }

  /** Counts by one, and keeps the books; what is no typed error of the store is thrown. */
  async count(): Promise<void> {
    try {
      await this.request((session) =>
        session.update((data) => {
          data.n = (data.n ?? 0) + 1
        }),
      )
      this.counted++
    } catch (error) {
      this.#note(error)
    }
  }

  /** A new id for the same data. */
  async rotate(): Promise<void> {
    await this.request((session) => session.rotate())
  }

  async login(owner: string): Promise<void> {
    await this.request((session) => session.authenticate(owner))
  }

  /** Without having looked at the session. */
  async logout(): Promise<void> {
    await this.#sessions.open({ cookie: this.cookie, secure: true }).destroy()
  }

  #note(error: unknown): void {
    if (!(error instanceof StoreUnavailableError)) throw error
    this.failures.push(error)
    if (error.outcome !== 'not-applied') this.doubtful++
  }
}

export const sessionsOn = (store: EnumerableStore, options: Partial<SessionOptions<Data>> = {}): Manager =>
  createSessions<Data>({ store, storeTimeout: 2, onEvent: () => {}, ...options })

/** Visitors with a session each. */
export async function visitorsOf(sessions: Manager, howMany: number): Promise<Visitor[]> {
  const visitors = Array.from({ length: howMany }, () => new Visitor(sessions))
  for (const visitor of visitors) {
    await visitor.count()
    expect(visitor.failures).toEqual([])
  }
  return visitors
}

/** All visitors count, again and again, until `work` is done. */
export async function whileCounting(
  visitors: readonly Visitor[],
  work: () => Promise<unknown>,
  rotate = false,
) {
  let isDone = false
  const count = async (visitor: Visitor) => {
    for (let i = 1; !isDone; i++) {
      await visitor.count()
      // While the store fails at once nothing else would get a turn.
      await sleep(1)
      if (rotate && i % 10 === 0) await visitor.rotate()
    }
  }
  const counting = underWay(Promise.all(visitors.map(count)))
  try {
    await work()
  } finally {
    isDone = true
    await counting
  }
}

/** No visitor was logged out, and what each was told of its counts is true. */
export async function expectTrueBooks(visitors: readonly Visitor[]): Promise<void> {
  for (const visitor of visitors) {
    const { isNew, n = 0 } = await visitor.read()
    expect(isNew).toBe(false)
    expect(visitor.cleared).toBe(0)
    expect(n).toBeGreaterThanOrEqual(visitor.counted)
    expect(n).toBeLessThanOrEqual(visitor.counted + visitor.doubtful)
  }
}
