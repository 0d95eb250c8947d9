import { Budget } from './budget.ts'
import { deadlines, expiryFrom } from './deadlines.ts'
import { type SessionError, SessionValueError } from './errors.ts'
import type { DecodedSession } from './format.ts'
import { handleOf } from './handle.ts'
import { isOver, moveSession } from './move.ts'
import { isResent } from './plan.ts'
import type { Runtime } from './runtime.ts'
import { initialData, readBySchema } from './schema.ts'
import { keysOf } from './session-keys.ts'
import { type Beginning, SessionState, type SessionStatus, type StoredState } from './session-state.ts'
import type { StoredValue } from './store.ts'

/** A session that is in no store yet. */
export const newState = (runtime: Runtime, status: SessionStatus = 'new'): SessionState =>
  new SessionState(runtime.format, beginning(runtime, status))

/** With the defaults of the schema, which may have to be waited for. */
export async function newStateBySchema(runtime: Runtime): Promise<SessionState> {
  if (!runtime.schema) return newState(runtime)
  const output = await initialData(runtime.schema)
  const initial = { serialized: runtime.format.serialize(output), output }
  return new SessionState(runtime.format, { ...beginning(runtime, 'new'), initial })
}

function beginning(runtime: Runtime, status: SessionStatus): Beginning {
  const now = runtime.now()
  const header = { createdAt: now, writtenAt: now, ...deadlines({ createdAt: now }, runtime) }
  const id = () => runtime.format.createId(runtime.random)
  return { status, id, header, expiresAt: expiryFrom(now, header) }
}

/**
 * The session that a well-formed id names; with `fresh` as the store itself holds it.
 * Rejects with a `StoreUnavailableError`, unless the options say `'anonymous'`.
 */
export async function loadState(runtime: Runtime, id: string, fresh = false): Promise<SessionState> {
  const { format, store, now } = runtime
  const superseded = keysOf(format, id)
  const { key } = superseded
  try {
    return await Budget.spend(runtime.storeTimeout, now, async (budget) => {
      const options = readOptions(runtime, fresh)
      try {
        const here = await budget.read(() => store.read(key, options))
        const found = here ?? (format.previous ? await moveSession(runtime, budget, id) : null)
        if (found === null) {
          runtime.emit({ type: 'unknown-id', handle: handleOf(id) })
          return await newStateBySchema(runtime)
        }
        if (found instanceof Error) throw found
        return await foundState(runtime, budget, { id, key }, found, options?.extend?.now)
      } catch (error) {
        if (!isValueError(error)) throw error
        runtime.emit({ type: 'invalid-value', handle: handleOf(id), error })
        if (runtime.onInvalid === 'discard') return newStateBySchema(runtime)
        return new SessionState(format, { ...beginning(runtime, 'invalid'), id, error, superseded })
      }
    })
  } catch (error) {
    if ((error as SessionError).code !== 'STORE_UNAVAILABLE') throw error
    runtime.emit({ type: 'store-error', operation: 'load', error: error as SessionError })
    if (runtime.onStoreError === 'fail') throw error
    const begin = beginning(runtime, 'unavailable')
    return new SessionState(format, { ...begin, id, error: error as SessionError, superseded })
  }
}

async function foundState(
  runtime: Runtime,
  budget: Budget,
  { id, key }: { id: string; key: string },
  found: StoredValue,
  slidAt: number | undefined,
) {
  const decoded = decodeValue(runtime, found.value, key)
  if (decoded === 'ended') {
    runtime.emit({ type: 'ended-id', handle: handleOf(id) })
    return newState(runtime, 'barred')
  }
  const now = runtime.now()
  if (isOver(runtime, runtime.format, decoded.header, now)) {
    runtime.emit({ type: 'expired', handle: handleOf(id) })
    return newStateBySchema(runtime)
  }
  const policy = deadlines(decoded.header, runtime)
  const until = Math.min(decoded.header.until, policy.until)
  if (!runtime.format.slideFields) Object.assign(decoded.header, { idle: policy.idle, until })
  const stated = expiryFrom(decoded.header.writtenAt, decoded.header)
  const stored = await readable(runtime, { id, key }, decoded, found.value)
  // Parsed at once where that decides whether there is a session at all.
  if (runtime.onInvalid === 'discard') runtime.format.deserialize(stored.serialized)
  const { header } = stored
  // It lives, so that a deadline in the past has been moved by a touch that the value does not show: this far at most.
  const ofTheKey = runtime.format.statesDeadline ? undefined : found.expiresAt
  const expiresAt = Math.min(ofTheKey ?? (stated > now ? stated : expiryFrom(now, header)), until)
  const state = new SessionState(runtime.format, {
    status: 'stored',
    id,
    header: { ...header },
    expiresAt,
    stored,
  })
  if (!runtime.rolling || runtime.format.isReadOnly) return state
  if (slidAt === undefined) return slide(runtime, budget, state, found.expiresAt)
  const hasMoved = found.expiresAt === undefined || found.expiresAt >= Math.floor(expiryFrom(slidAt, header))
  if (hasMoved && isResent(runtime)) state.cookie = 'set'
  return state
}

/** For formats that a read cannot slide: a second command. */
async function slide(runtime: Runtime, budget: Budget, state: SessionState, expiresAt: number | undefined) {
  const now = runtime.now()
  const target = expiryFrom(now, state.header)
  if (runtime.format.statesDeadline) {
    // At the commit, merged with what others write meanwhile.
    state.touched = Math.abs(target - state.expiresAt) >= runtime.touchAfter * 1000
    return state
  }
  if (expiresAt !== undefined && Math.abs(target - expiresAt) < runtime.touchAfter * 1000) return state
  const { key } = state.stored as StoredState
  const alive = await budget.read(() => runtime.store.touch(key, target))
  if (alive !== true) return newStateBySchema(runtime)
  state.expiresAt = target
  state.datedAt = now
  if (isResent(runtime)) state.cookie = 'set'
  return state
}

/** Throws a `SessionValueError`. */
export function decodeValue(runtime: Runtime, value: Uint8Array, key: string): DecodedSession | 'ended' {
  if (value.length > runtime.maxBytes) {
    throw new SessionValueError(`The stored session is larger than \`maxBytes\` (${runtime.maxBytes}).`)
  }
  return runtime.format.decode(value, key)
}

/** What the store holds, its data as the schema takes it, so that defaults and conversions do not look like changes. */
export async function readable(
  { format, schema }: Runtime,
  where: { id: string; key: string },
  { header, serialized }: DecodedSession,
  value: Uint8Array,
): Promise<StoredState> {
  const stored = { id: where.id, key: where.key, header, serialized, expected: format.expected(value) }
  if (!schema) return stored
  const output = await readBySchema(schema, format.deserialize(serialized))
  return { ...stored, serialized: format.serialize(output), output }
}

function readOptions({ rolling, touchAfter, format, now }: Runtime, fresh: boolean) {
  if (!rolling || !format.slideFields) return fresh ? { fresh } : undefined
  return { fresh, extend: { fields: format.slideFields, now: now(), touchAfter: touchAfter * 1000 } }
}

export const isValueError = (error: unknown): error is SessionError =>
  error instanceof Error && (error as SessionError).code === 'SESSION_VALUE_INVALID'
