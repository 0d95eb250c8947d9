const TICK_MS = 10

/** Counts the time in which this process did nothing at all, as on a busy machine: no store and no timer answers for it. */
export class Stalls {
  #total = 0
  #last = performance.now()
  readonly #timer = setInterval(() => {
    this.#total = this.ms
    this.#last = performance.now()
  }, TICK_MS)

  /** Milliseconds since it was made. */
  get ms(): number {
    return this.#total + Math.max(0, performance.now() - this.#last - 2 * TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
