import { cookieDeadline, deadlines, expiryFrom, sameExpiry } from './deadlines.ts'
import type { Serialized, SessionHeader } from './format.ts'
import { isEntryDue } from './owner-index.ts'
import type { Runtime } from './runtime.ts'
import type { SessionState, StoredState } from './session-state.ts'

/**
 * What a commit has to do:
 * - `create`, `replace`, `rotate`: write the data, as the store's verbs of that name do.
 * - `extend`: only move the idle deadline.
 * - `end`: the deadline that was asked for has passed.
 * - `drop`: there are changes, but no session that could take them.
 */
export interface Plan {
  kind: 'create' | 'replace' | 'rotate' | 'extend' | 'end' | 'drop'
  /** The data as it was when the commit set out. */
  mine: Serialized
  /** Nothing needs writing unless the change that is still to come makes a difference. */
  optional?: boolean
}

/** `undefined` when there is nothing to do. An explicit save keeps even an empty session, and tells of a dead one. */
export function planCommit(runtime: Runtime, state: SessionState, explicit = false): Plan | undefined {
  if (state.status === 'invalid' || state.status === 'ended') {
    return explicit ? { kind: 'drop', mine: '' } : undefined
  }
  const mine = state.live.snapshot()
  if (state.status === 'new') {
    const isKept = explicit || state.header.owner !== undefined || state.live.differs(mine)
    return isKept && !isOverNow(runtime, state) ? { kind: 'create', mine } : undefined
  }
  if (state.status !== 'stored') {
    return explicit || (state.live.differs(mine) && state.untoldKeys().length > 0)
      ? { kind: 'drop', mine }
      : undefined
  }

  const { header } = state.stored as StoredState
  const isDated = !sameExpiry(header.expiry, state.header.expiry)
  if (isDated && isOverNow(runtime, state)) return { kind: 'end', mine }
  if (state.rotation) return { kind: 'rotate', mine }
  if (isDated || header.label !== state.header.label || state.live.differs(mine))
    return { kind: 'replace', mine }
  if (!explicit && !state.touched) return undefined
  const isWritten = runtime.format.statesDeadline || isEntryDue(runtime, header, runtime.now())
  return { kind: isWritten ? 'replace' : 'extend', mine }
}

/** For a change that is made on fresh data, whatever else there is to do. */
export function planUpdate(runtime: Runtime, state: SessionState): Plan {
  const plan = planCommit(runtime, state)
  if (plan && plan.kind !== 'extend') return plan
  if (state.status === 'stored') return { kind: 'replace', mine: state.live.snapshot(), optional: true }
  if (state.status === 'new' && !isOverNow(runtime, state))
    return { kind: 'create', mine: state.live.snapshot(), optional: true }
  return { kind: 'drop', mine: '' }
}

/** The commit is a use: however long the request took, the idle time begins with it. */
function isOverNow(runtime: Runtime, { header }: SessionState): boolean {
  const now = runtime.now()
  return expiryFrom(now, deadlines(header, runtime)) <= now
}

/** Whether the browser's cookie has to change, which it cannot once the headers have left. */
export function needsCookie(runtime: Runtime, state: SessionState, kind: Plan['kind']): boolean {
  if (kind === 'create' || kind === 'rotate') return true
  return kind === 'replace' && isRedated(runtime, state, state.header)
}

/** Only what this request itself dated anew: a date that a merge takes over is for the other request to announce. */
export function isRedated(runtime: Runtime, { stored }: SessionState, header: SessionHeader): boolean {
  return (
    stored !== undefined &&
    !sameExpiry(stored.header.expiry, header.expiry) &&
    cookieDeadline(stored.header, runtime) !== cookieDeadline(header, runtime)
  )
}

/** Whether the cookie follows the idle deadline wherever this request moves it. */
export const isResent = ({ cookie }: Runtime): boolean =>
  cookie.deadline === 'idle' && cookie.persistent !== false
