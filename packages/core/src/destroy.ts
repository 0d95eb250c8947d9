import { Budget, isUnavailable } from './budget.ts'
import { SessionReadOnlyError } from './errors.ts'
import { handleOf } from './handle.ts'
import type { Runtime } from './runtime.ts'
import type { SessionState } from './session-state.ts'

/** Removes what lies at a key; `true` when it was this call that ended a session there. */
export async function destroyKey({ format, store, now, random }: Runtime, key: string, budget: Budget) {
  if (format.isReadOnly) throw new SessionReadOnlyError()
  const mark = format.endMark?.(now(), random)
  // However late it is applied, an end that was asked for does no harm.
  const { answer } = await budget.write(() => store.destroy(key, mark && { mark }))
  return answer
}

/** Ends the session of an id without reading it. */
export function destroyById(runtime: Runtime, id: string): Promise<boolean> {
  return spend(runtime, async (budget) => {
    const hasEnded = await destroyKey(runtime, runtime.format.keyOf(id), budget)
    if (hasEnded) runtime.emit({ type: 'destroyed', handle: handleOf(id) })
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
  const key = stored ? stored.key : superseded
  const hasEnded = key !== undefined && (await destroyKey(runtime, key, budget))
  if (hasEnded) {
    state.cookie = 'clear'
    runtime.emit({ type: 'destroyed', handle: handleOf(stored ? stored.id : state.id) })
  } else if (state.cookie === 'set') {
    // Created by this request and ended by another one: there is nothing to hand out.
    state.cookie = undefined
  }
  state.status = 'ended'
  state.stored = undefined
  state.rotation = undefined
  return hasEnded
}
