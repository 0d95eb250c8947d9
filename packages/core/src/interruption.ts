import { type SessionError, SessionInterruptedError } from './errors.ts'
import { handleOf } from './handle.ts'
import type { Runtime } from './runtime.ts'
import type { SessionState, StoredState } from './session-state.ts'

/** The session ended under this request: what it changed is dropped, and it may write no more. */
export function bar(runtime: Runtime, state: SessionState): SessionInterruptedError {
  const { id } = state.stored as StoredState
  state.told = state.live.changedKeys()
  runtime.emit(() => ({ type: 'interrupted', handle: handleOf(id), keys: state.told }))
  state.status = 'barred'
  // Sent once more, it would take the place of what a rotation or a login has handed out since.
  if (state.cookie === 'set') state.cookie = undefined
  return new SessionInterruptedError()
}

/** Why a session that cannot be saved is not saved. */
export function refusal(runtime: Runtime, state: SessionState): SessionError {
  const keys = state.status === 'invalid' ? [] : state.untoldKeys()
  state.told = [...state.told, ...keys]
  if (state.error) {
    if (keys.length > 0) runtime.emit({ type: 'dropped', keys })
    return state.error
  }
  if (keys.length > 0) runtime.emit(() => ({ type: 'interrupted', handle: handleOf(state.id), keys }))
  return new SessionInterruptedError()
}
