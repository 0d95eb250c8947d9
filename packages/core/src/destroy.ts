import { Budget, isUnavailable } from './budget.ts'
import { SessionReadOnlyError } from './errors.ts'
import { handleOf } from './handle.ts'
import type { Runtime } from './runtime.ts'
import { keysOf, type SessionKeys } from './session-keys.ts'
import type { SessionState } from './session-state.ts'

/** Removes what lies where a session may lie; `true` when it was this call that ended a session there. */
export async function destroyKeys(
  { format, store, now, random }: Runtime,
  { key, previousKey }: SessionKeys,
  budget: Budget,
): Promise<boolean> {
  if (format.isReadOnly) throw new SessionReadOnlyError()
  const mark = format.endMark?.(now(), random)
  // However late it is applied, an end that was asked for does no harm.
  const end = () => store.destroy(key, mark && { mark })
  const endHere = async () => (await budget.write(end)).answer
  if (previousKey === undefined) return endHere()

  // In this order: who moves the session meanwhile finds nothing to move, or has moved it to where it is ended next.
  const { answer: hasEndedThere, repeated } = await budget.write(() => store.destroy(previousKey))
  const mayHaveEndedThere = hasEndedThere || repeated
  const hasEndedHere = await (mayHaveEndedThere ? budget.insist(end) : endHere())
  if (mayHaveEndedThere && !hasEndedHere && mark) {
    // Readers of the previous format would take a mark for a broken session, so it is left at the new key: or what a move has
    // made there meanwhile is ended, which others may use before the move learns that it was too late.
    const isMarked = await budget.insist(() => store.create(key, mark.value, mark.expiresAt))
    if (!isMarked) await budget.insist(end)
  }
  return hasEndedThere || hasEndedHere
}

/** Ends the session of an id without reading it. */
export function destroyById(runtime: Runtime, id: string): Promise<boolean> {
  return spend(runtime, async (budget) => {
    const hasEnded = await destroyKeys(runtime, keysOf(runtime.format, id), budget)
    if (hasEnded) runtime.emit(() => ({ type: 'destroyed', handle: handleOf(id) }))
    return hasEnded
  })
}

export function destroySession(runtime: Runtime, state: SessionState): Promise<boolean> {
  return spend(runtime, (budget) => destroyState(runtime, state, budget))
}

async function spend(runtime: Runtime, work: (budget: Budget) => Promise<boolean>): Promise<boolean> {
  try {
    return await Budget.spend(runtime.storeTimeout, runtime.now, work)
  } catch (error) {
    if (isUnavailable(error)) runtime.emit({ type: 'store-error', operation: 'destroy', error })
    throw error
  }
}

/** Ends the session of a request, which holds nothing of it any more. */
export async function destroyState(runtime: Runtime, state: SessionState, budget: Budget): Promise<boolean> {
  const { stored, superseded } = state
  const keys = stored ? keysOf(runtime.format, stored.id) : superseded
  const hasEnded = keys !== undefined && (await destroyKeys(runtime, keys, budget))
  if (hasEnded) {
    state.cookie = 'clear'
    runtime.emit(() => ({ type: 'destroyed', handle: handleOf(stored ? stored.id : state.id) }))
  } else if (state.cookie === 'set') {
    // Created by this request and ended by another one: there is nothing to hand out.
    state.cookie = undefined
  }
  if (!hasEnded && (keys !== undefined || state.status === 'barred')) state.isLate = true
  state.status = 'ended'
  state.stored = undefined
  state.rotation = undefined
  return hasEnded
}
