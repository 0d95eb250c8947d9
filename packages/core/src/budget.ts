import { type SessionError, StoreUnavailableError } from './errors.ts'

/** Milliseconds before a write whose reply was lost is sent again; doubled each time. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 500

/**
 * The time one load, or one commit with all its retries, may take. When it is over the caller is answered, whatever is
 * still in flight; what comes later changes nothing.
 */
export class Budget {
  /** Epoch ms by the manager's clock. */
  readonly notAfter: number
  readonly #seconds: number
  #over = false
  /** A write has been sent whose effect nobody knows. */
  #uncertain = false
  /** Why the last call was in vain. */
  #cause: unknown
  #whenOver: (() => void) | undefined
  /** Ends what is only tidied up. */
  #giveUpTidying: ((error: StoreUnavailableError) => void) | undefined

  private constructor(seconds: number, now: () => number) {
    this.#seconds = seconds
    this.notAfter = now() + seconds * 1000
  }

  /** Rejects with a `StoreUnavailableError` after `seconds`, or with what `work` rejects with. */
  static spend<T>(seconds: number, now: () => number, work: (budget: Budget) => Promise<T>): Promise<T> {
    const budget = new Budget(seconds, now)
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        budget.#over = true
        const fail = budget.#giveUpTidying ?? reject
        fail(budget.#timedOut())
        budget.#whenOver?.()
      }, seconds * 1000)
      // After the timer these change nothing: a promise settles once.
      work(budget).then(
        (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        (error) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  }

  /** Throws once the budget is spent, so that work which nobody waits for stops at its next step. */
  check(): void {
    if (this.#over) throw this.#timedOut()
  }

  /** What `work` answers, or `undefined` when it fails or the time is over: for those who wait in line behind it. */
  outlast<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const giveUp = () => resolve(undefined)
      this.#whenOver = giveUp
      work.then(resolve, giveUp)
    })
  }

  /** What follows on something that stands already: when the time is over this alone rejects, and the whole does not. */
  tidy<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.check()
      this.#giveUpTidying = reject
      work()
        .finally(() => {
          this.#giveUpTidying = undefined
        })
        .then(resolve, reject)
    })
  }

  /** A call to the store whose loss has no effect. */
  async read<T>(call: () => Promise<T>): Promise<T> {
    let answer: T
    try {
      answer = await call()
    } catch (error) {
      throw unavailable(error)
    }
    this.check()
    return answer
  }

  /**
   * A write. Where its reply was lost the same call is made again while there is time, which by the store's contract answers as the first one
   * would have: a commit that was applied is reported as applied, and none is assumed. `repeated` tells of it, for what
   * such an answer cannot tell: whether a value that is no longer there ever was.
   */
  write<T>(call: () => Promise<T>): Promise<{ answer: T; repeated: boolean }> {
    // A server that refuses the repeated call, as one that is failing over does, knows nothing of the first.
    return this.#repeat(call, (error, repeated) => isRefusal(error) && !repeated)
  }

  /**
   * What a write that was applied depends on, whatever it does: made again also where it is refused, since nobody could be told any more
   * that nothing was done.
   */
  async insist<T>(call: () => Promise<T>): Promise<T> {
    return (await this.#repeat(call, () => false)).answer
  }

  async #repeat<T>(
    call: () => Promise<T>,
    isInVain: (error: unknown, repeated: boolean) => boolean,
  ): Promise<{ answer: T; repeated: boolean }> {
    for (
      let pause = FIRST_PAUSE, repeated = false;
      ;
      pause = Math.min(2 * pause, LONGEST_PAUSE), repeated = true
    ) {
      this.check()
      this.#uncertain = true
      try {
        const answer = await call()
        this.check()
        this.#uncertain = false
        return { answer, repeated }
      } catch (error) {
        this.check()
        if (isUnavailable(error) && error.outcome === 'unconfirmed') throw error
        if (isInVain(error, repeated)) {
          this.#uncertain = false
          throw error
        }
        this.#uncertain = true
        this.#cause = error
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  #timedOut(): StoreUnavailableError {
    return new StoreUnavailableError(`The session store did not answer within ${this.#seconds} s.`, {
      outcome: this.#uncertain ? 'unknown' : 'not-applied',
      cause: this.#cause,
    })
  }
}

/** By code, not by class: an application may load both builds of this package. */
export const isUnavailable = (error: unknown): error is StoreUnavailableError =>
  error instanceof Error && (error as SessionError).code === 'STORE_UNAVAILABLE'

const isRefusal = (error: unknown) => isUnavailable(error) && error.outcome === 'not-applied'

/** What a store rejected with, as the one error that callers know; nothing was changed by the call. */
export function unavailable(error: unknown): StoreUnavailableError {
  if (isUnavailable(error) && error.outcome === 'not-applied') return error
  return new StoreUnavailableError('The session store failed.', { cause: error })
}
