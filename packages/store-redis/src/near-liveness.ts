import type { KeyWatch } from '@tegata/core'

/** So many times within `maxStale` the watch has to prove that it lives. */
const PROOFS = 4

/** Until when a watch is known to have told everything, by a clock that nobody sets. */
export class Liveness {
  readonly #maxStale: number
  readonly #timer: unknown
  #watch: KeyWatch | undefined
  #provenAt = Number.NEGATIVE_INFINITY
  #isProving = false

  /** `maxStale`: milliseconds. */
  constructor(maxStale: number) {
    this.#maxStale = maxStale
    this.#timer = setInterval(() => void this.prove(), maxStale / PROOFS)
    // A memory is no reason to keep the process alive; browsers and workers have numbers for timers.
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  /** Begins with a watch of which everything is known that was told before. */
  begun(watch: KeyWatch): void {
    this.#watch = watch
    this.#provenAt = performance.now()
  }

  broken(): void {
    this.#watch = undefined
    this.#provenAt = Number.NEGATIVE_INFINITY
  }

  /** The watch is whole, however old the last proof. */
  get isWhole(): boolean {
    return this.#watch !== undefined
  }

  get isProven(): boolean {
    return performance.now() - this.#provenAt <= this.#maxStale
  }

  /** One proof at a time: on a slow line the next one would only queue behind it. */
  async prove(): Promise<void> {
    const watch = this.#watch
    if (!watch || this.#isProving) return
    this.#isProving = true
    // Counts from when it was asked for: changes made while the answer was on its way may be missing.
    const askedAt = performance.now()
    try {
      await watch.settled()
      if (this.#watch === watch) this.#provenAt = Math.max(this.#provenAt, askedAt)
    } catch {
      // The watch tells by itself when it is broken; until it does no proof is none.
    } finally {
      this.#isProving = false
    }
  }

  close(): void {
    this.broken()
    clearInterval(this.#timer as Parameters<typeof clearInterval>[0])
  }
}
