import { type Call, type Model, predict } from './model.ts'

/** A call of a history, and when it was made and answered: numbers that only have an order. */
export interface Observed {
  call: Call
  startedAt: number
  /** `Infinity` where the answer was lost. */
  endedAt: number
  /** As `plain()` puts it; `undefined` where it was lost: the call may have been applied then, at any time since. */
  answer: unknown
}

/**
 * Whether the calls can be put in an order that keeps to what happened before what, and in which a single thread of the model
 * would have given the same answers (Herlihy and Wing). With `resent`, a client may have sent any call twice, having lost the
 * first reply: what is answered then is the second.
 */
export function isLinearizable(history: readonly Observed[], { resent = false } = {}): boolean {
  const seen = new Set<string>()
  const calls = history.map((observed, i) => ({ ...observed, done: 1n << BigInt(i) }))
  const again = BigInt(calls.length)

  function follow(made: bigint, model: Model): boolean {
    const open = calls.filter(({ done }) => !(made & done))
    if (open.every(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY)) return true
    const state = `${made} ${JSON.stringify([...model].sort())}`
    if (seen.has(state)) return false
    seen.add(state)
    const firstEnd = Math.min(...open.map(({ endedAt }) => endedAt))
    return open.some(({ call, startedAt, endedAt, answer, done }) => {
      if (startedAt > firstEnd) return false
      const next = new Map(model)
      const said = predict(next, call)
      const isLost = endedAt === Number.POSITIVE_INFINITY
      if ((isLost || [said].flat().includes(answer)) && follow(made | done, next)) return true
      const sentBefore = done << again
      return resent && !isLost && !(made & sentBefore) && follow(made | sentBefore, next)
    })
  }
  return follow(0n, new Map())
}
