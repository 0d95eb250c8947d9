import { StoreUnavailableError } from '@tegata/core'

/** A call that has not been answered yet. */
export interface Waiting {
  /** On the clock of `performance.now()`. */
  readonly until: number
  fail(error: StoreUnavailableError): void
}

/** Ends calls that take too long. There is one timer for all of them: one for each cost as much as the rest of asking. */
export class Deadlines {
  readonly #ms: number
  /** The first to expire comes first, as all may take as long. */
  readonly #waiting = new Set<Waiting>()
  #isWatched = false

  constructor(ms: number) {
    this.#ms = ms
  }

  start(fail: Waiting['fail']): Waiting {
    const waiting = { until: performance.now() + this.#ms, fail }
    this.#waiting.add(waiting)
    if (!this.#isWatched) this.#watch(this.#ms)
    return waiting
  }

  end(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  /** It outlasts the calls, and shall hold up no process that has nothing else to do. */
  #watch(ms: number): void {
    this.#isWatched = true
    setTimeout(() => this.#check(), ms).unref()
  }

  #check(): void {
    this.#isWatched = false
    const now = performance.now()
    for (const waiting of this.#waiting) {
      if (waiting.until > now) return this.#watch(waiting.until - now)
      this.#waiting.delete(waiting)
      const seconds = this.#ms / 1000
      waiting.fail(new StoreUnavailableError(`The session store did not answer within ${seconds} s.`))
    }
  }
}
