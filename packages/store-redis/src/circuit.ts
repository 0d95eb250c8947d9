import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import type { RedisCommands } from './redis-commands.ts'
import { within } from './within.ts'

/** Commands in a row without an answer, after which no more are sent. */
const FAILURES = 5
/** Milliseconds until the server is asked for a sign of life, and again after each in vain. */
const PROBE_EVERY = 500
const PROBE_TIMEOUT = 1000

/**
 * Gives every command a deadline, as the clients' timers do not cover one that was sent already; and while the server answers
 * nothing at all, fails at once instead of letting each request wait for the whole time. No request has to be the one that
 * finds out: a PING of our own does. Replies after the deadline change nothing.
 */
export function guardCommands(commands: RedisCommands, timeout: number): RedisCommands {
  const isSilence = (error: unknown) => !commands.isErrorReply(error)
  const breaker = circuitBreaker(handleWhen(isSilence), {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: PROBE_EVERY,
  })

  let isProbing = false
  async function probe(): Promise<void> {
    if (isProbing) return
    isProbing = true
    while (breaker.state !== CircuitState.Closed) {
      await new Promise((resolve) => unref(setTimeout(resolve, PROBE_EVERY)))
      const ping = () => within(PROBE_TIMEOUT, () => commands.send(undefined, ['PING']))
      await breaker.execute(ping).catch(() => {})
    }
    isProbing = false
  }
  breaker.onBreak(() => void probe())

  const guarded = (inner: RedisCommands): RedisCommands => ({
    ...inner,
    send: (key, args) => {
      if (breaker.state !== CircuitState.Closed) return Promise.reject(new NoAnswerError())
      return breaker.execute(() => within(timeout, () => inner.send(key, args)))
    },
    ...(inner.primaries && {
      primaries: async () => ((await inner.primaries?.()) ?? []).map(guarded),
    }),
  })
  return guarded(commands)
}

/** A server that stays away is no reason to keep the process alive; browsers and workers have numbers for timers. */
const unref = (timer: unknown) => (timer as { unref?: () => void }).unref?.()

/** Nothing was sent. */
export class NoAnswerError extends Error {
  constructor() {
    super(
      'Redis did not answer the last commands, and this one was not sent; it is being asked for a sign of life.',
    )
    this.name = 'NoAnswerError'
  }
}
