import { CommandTimeoutError, within } from './within.ts'

/** Commands in a row without an answer, after which no more are sent. */
const FAILURES = 5
/** Milliseconds within which commands that were under way together fail together. */
const ONE_MOMENT = 50
/** Milliseconds until the server is asked for a sign of life, and again after each in vain. */
const PROBE_EVERY = 500
const PROBE_TIMEOUT = 1000

/**
 * While a server answers nothing at all, commands fail at once instead of letting each request wait for the whole time. No request has
 * to be the one that finds out: commands of our own do, until one is answered. An error that the server answers is an answer.
 *
 * Every command comes by here, so that telling it what became of one costs no promise and no object.
 */
export class Circuit {
  readonly #isAnswer: (error: unknown) => boolean
  readonly #askForLife: (key: string | undefined) => Promise<unknown>
  /** In a row. */
  #failures = 0
  /** Failures that were no silence, such as a connection that was cut, and when the last one was: each moment counts once. */
  #losses = 0
  #lostAt = Number.NEGATIVE_INFINITY
  #last: { key: string | undefined; error: unknown } | undefined
  #isProbing = false

  /** `askForLife` sends any command that the server could answer: the one that holds `key`. */
  constructor(
    isAnswer: (error: unknown) => boolean,
    askForLife: (key: string | undefined) => Promise<unknown>,
  ) {
    this.#isAnswer = isAnswer
    this.#askForLife = askForLife
  }

  /** The server is known not to answer. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES
  }

  /** To reject with instead of sending. */
  refusal(): NoAnswerError {
    return new NoAnswerError({ cause: this.#last?.error })
  }

  /** To be told again with what becomes of a command that is sent now. */
  get losses(): number {
    return this.#losses
  }

  answered(): void {
    this.#failures = 0
  }

  failed(key: string | undefined, error: unknown, lossesWhenSent = this.#losses): void {
    if (this.#isAnswer(error)) return this.answered()
    this.#last = { key, error }
    if (!(error instanceof CommandTimeoutError) && this.#isKnownLoss(lossesWhenSent)) return
    this.#failures++
    if (this.isOpen) void this.#probe()
  }

  /** A connection that is cut fails everything that is under way on it. The server may well answer on the next one. */
  #isKnownLoss(lossesWhenSent: number): boolean {
    const now = performance.now()
    if (lossesWhenSent < this.#losses && now - this.#lostAt < ONE_MOMENT) return true
    this.#losses++
    this.#lostAt = now
    return false
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return
    this.#isProbing = true
    while (this.isOpen) {
      await new Promise((resolve) => unref(setTimeout(resolve, PROBE_EVERY)))
      const key = this.#last?.key
      await within(PROBE_TIMEOUT, () => this.#askForLife(key)).then(
        () => this.answered(),
        (error) => this.failed(key, error),
      )
    }
    this.#isProbing = false
  }
}

/** A server that stays away is no reason to keep the process alive; browsers and workers have numbers for timers. */
const unref = (timer: unknown) => (timer as { unref?: () => void }).unref?.()

/** Nothing was sent. `cause` is what the last command that was sent came to, such as a client that is not connected. */
export class NoAnswerError extends Error {
  constructor(options?: ErrorOptions) {
    super(
      'Redis did not answer the last commands, and this one was not sent; it is being asked for a sign of life.',
      options,
    )
    this.name = 'NoAnswerError'
  }
}
