import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { within } from './within.ts'

/** Commands in a row without an answer, after which no more are sent. */
const FAILURES = 5
/** Milliseconds until the server is asked for a sign of life, and again after each in vain. */
const PROBE_EVERY = 500
const PROBE_TIMEOUT = 1000

/** Runs a command, unless the server is known not to answer; `askForLife` is any other that it could answer. */
export type Circuit = <T>(command: () => Promise<T>, askForLife: () => Promise<unknown>) => Promise<T>

/**
 * While a server answers nothing at all, fails at once instead of letting each request wait for the whole time. No request has
 * to be the one that finds out: commands of our own do, until one is answered. An error that the server answers is an answer.
 */
export function createCircuit(isAnswer: (error: unknown) => boolean): Circuit {
  const breaker = circuitBreaker(
    handleWhen((error) => !isAnswer(error)),
    { breaker: new ConsecutiveBreaker(FAILURES), halfOpenAfter: PROBE_EVERY },
  )
  let ask: () => Promise<unknown>
  let isProbing = false
  let lastFailure: unknown

  async function probe(): Promise<void> {
    if (isProbing) return
    isProbing = true
    while (breaker.state !== CircuitState.Closed) {
      await new Promise((resolve) => unref(setTimeout(resolve, PROBE_EVERY)))
      await breaker.execute(() => within(PROBE_TIMEOUT, ask)).catch(() => {})
    }
    isProbing = false
  }
  breaker.onFailure(({ reason }) => {
    if ('error' in reason) lastFailure = reason.error
  })
  breaker.onBreak(() => void probe())

  return (command, askForLife) => {
    if (breaker.state !== CircuitState.Closed)
      return Promise.reject(new NoAnswerError({ cause: lastFailure }))
    ask = askForLife
    return breaker.execute(command)
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
