import { Budget, unavailable } from './budget.ts'
import { deadlines, expiryFrom } from './deadlines.ts'
import { type SessionError, SessionValueError } from './errors.ts'
import type { DecodedSession, SessionHeader } from './format.ts'
import { handleOf } from './handle.ts'
import type { Origin } from './live-data.ts'
import { isOver, moveSession } from './move.ts'
import { isEntryDue } from './owner-index.ts'
import { isResent } from './plan.ts'
import { Recollection } from './recollection.ts'
import type { Runtime } from './runtime.ts'
import { initialData, readBySchema } from './schema.ts'
import { keysOf } from './session-keys.ts'
import { type Beginning, SessionState, type SessionStatus, type StoredState } from './session-state.ts'
import type { ReadOptions, StoredValue } from './store.ts'

/** A session that is in no store yet. */
export const newState = (runtime: Runtime, status: SessionStatus = 'new'): SessionState =>
  new SessionState(runtime.format, beginning(runtime, status))

/** With the defaults of the schema, which may have to be waited for. */
export const newStateBySchema = (runtime: Runtime, status: SessionStatus = 'new') =>
  stateBySchema(runtime, beginning(runtime, status))

function stateBySchema(runtime: Runtime, begin: Beginning): SessionState | Promise<SessionState> {
  const { schema, format } = runtime
  if (!schema) return new SessionState(format, begin)
  return originBySchema(runtime).then((initial) => new SessionState(format, { ...begin, initial }))
}

/** What data begin with that were not found in the store; `undefined` for nothing. */
export async function originBySchema({ schema, format }: Runtime): Promise<Origin | undefined> {
  if (!schema) return undefined
  const output = await initialData(schema)
  return { serialized: format.serialize(output), output }
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
export function loadState(runtime: Runtime, id: string, fresh = false): Promise<SessionState> {
  const { storeTimeout, now } = runtime
  return Budget.spend(storeTimeout, now, (budget) => findState(runtime, budget, id, fresh)).catch((error) =>
    stateWithoutStore(runtime, id, error),
  )
}

/** The same at once, where a memory in front of the store holds it and nothing else has to be waited for. */
export function recallState(runtime: Runtime, id: string): SessionState | undefined {
  const { store, format, schema } = runtime
  if (!store.recall || schema || slidesApart(runtime)) return undefined
  const key = format.keyOf(id)
  const options = readOptions(runtime, false)
  const found = store.recall(key, options)
  if (!found) return undefined
  try {
    assertLength(runtime, found.value)
    const recollection = Recollection.of(format, found, key)
    if (recollection === 'ended') return undefined
    const { serialized, header } = recollection.decoded
    // Each request dates its own.
    const decoded = { serialized, header: { ...header } }
    const state = foundState(runtime, { id, key, recollection }, found, decoded, options?.extend?.now)
    return state instanceof SessionState ? state : undefined
  } catch {
    // Read again, and told of, by whoever can wait.
    return undefined
  }
}

/** Every read of every request comes by here: one function that waits, and what it calls only where it must. */
async function findState(
  runtime: Runtime,
  budget: Budget,
  id: string,
  fresh: boolean,
): Promise<SessionState> {
  const { format, store } = runtime
  const key = format.keyOf(id)
  const options = readOptions(runtime, fresh)
  let found: StoredValue | SessionValueError | null
  try {
    found = await store.read(key, options)
  } catch (error) {
    throw unavailable(error)
  }
  budget.check()
  try {
    if (found === null && format.previous) found = await moveSession(runtime, budget, id)
    if (found === null) {
      runtime.emit(() => ({ type: 'unknown-id', handle: handleOf(id) }))
      return newStateBySchema(runtime)
    }
    if (found instanceof Error) throw found
    const decoded = decodeValue(runtime, found.value, key)
    const here = foundState(runtime, { id, key }, found, decoded, options?.extend?.now)
    const state = here instanceof SessionState ? here : await here
    const isStill = state.status !== 'stored' || !isLeftToSlide(runtime, state.header, found, options)
    return isStill ? state : await slide(runtime, budget, state, found.expiresAt)
  } catch (error) {
    if (!isValueError(error)) throw error
    runtime.emit(() => ({ type: 'invalid-value', handle: handleOf(id), error }))
    if (runtime.onInvalid === 'discard') return newStateBySchema(runtime)
    const superseded = keysOf(format, id)
    return new SessionState(format, { ...beginning(runtime, 'invalid'), id, error, superseded })
  }
}

/** As the option `onStoreError` says. */
function stateWithoutStore(runtime: Runtime, id: string, error: SessionError) {
  const { format, onStoreError } = runtime
  if (error.code !== 'STORE_UNAVAILABLE') throw error
  runtime.emit({ type: 'store-error', operation: 'load', error })
  if (onStoreError === 'fail') throw error
  const superseded = keysOf(format, id)
  return stateBySchema(runtime, { ...beginning(runtime, 'unavailable'), id, error, superseded })
}

function foundState(
  runtime: Runtime,
  where: Place,
  found: StoredValue,
  decoded: DecodedSession | 'ended',
  slidAt: number | undefined,
): SessionState | Promise<SessionState> {
  if (decoded === 'ended') {
    runtime.emit(() => ({ type: 'ended-id', handle: handleOf(where.id) }))
    return newStateBySchema(runtime, 'barred')
  }
  const expiresAt = deadlineOf(runtime, decoded.header, found)
  if (expiresAt === undefined) {
    runtime.emit(() => ({ type: 'expired', handle: handleOf(where.id) }))
    return newStateBySchema(runtime)
  }
  const stored = readable(runtime, where, decoded, found.value)
  return stored instanceof Promise
    ? stored.then((ready) => storedState(runtime, ready, expiresAt, found, slidAt))
    : storedState(runtime, stored, expiresAt, found, slidAt)
}

function storedState(
  runtime: Runtime,
  stored: StoredState,
  expiresAt: number,
  found: StoredValue,
  slidAt: number | undefined,
): SessionState {
  const { format } = runtime
  // Parsed at once where that decides whether there is a session at all.
  if (runtime.onInvalid === 'discard') format.deserialize(stored.serialized)
  const { id, header } = stored
  const state = new SessionState(format, { status: 'stored', id, header, expiresAt, stored })
  if (!runtime.rolling || format.isReadOnly) return state
  if (isEntryDue(runtime, header, runtime.now())) state.touched = true
  if (slidAt === undefined) return state
  if (!hasMoved(found, slidAt, header)) state.touched ||= isOverdue(runtime, found, slidAt, header)
  else if (isResent(runtime)) state.cookie = 'set'
  return state
}

/** Whether a read moved the deadline that it answers. */
const hasMoved = ({ expiresAt }: StoredValue, slidAt: number, header: SessionHeader): boolean =>
  expiresAt === undefined || expiresAt >= Math.floor(expiryFrom(slidAt, header))

/** Milliseconds by which a use has to move the deadline: half of an idle time to which `touchAfter` would leave no move at all. */
const leastMove = ({ touchAfter }: Runtime, { idle }: SessionHeader): number =>
  Math.min(touchAfter * 1000, idle * 500)

/** Whether the store's read, which knows of `touchAfter` alone, has left the deadline where it was for too long: the commit moves it. */
function isOverdue(
  runtime: Runtime,
  { expiresAt = Number.POSITIVE_INFINITY }: StoredValue,
  slidAt: number,
  header: SessionHeader,
): boolean {
  const least = leastMove(runtime, header)
  if (!runtime.format.slideFields || least === runtime.touchAfter * 1000) return false
  return expiryFrom(slidAt, header) - expiresAt >= least
}

/**
 * Epoch ms at which a session ends that was found, by its value, its key and the rules of this manager, which its header is brought
 * under; `undefined` where it has ended.
 */
export function deadlineOf(
  runtime: Runtime,
  header: DecodedSession['header'],
  found: StoredValue,
): number | undefined {
  const now = runtime.now()
  if (isOver(runtime, runtime.format, header, now)) return undefined
  const policy = deadlines(header, runtime)
  const until = Math.min(header.until, policy.until)
  if (!runtime.format.slideFields) Object.assign(header, { idle: policy.idle, until })
  const stated = expiryFrom(header.writtenAt, header)
  // It lives, so that a deadline in the past has been moved by a touch that the value does not show: this far at most.
  const ofTheKey = runtime.format.statesDeadline ? undefined : found.expiresAt
  return Math.min(ofTheKey ?? (stated > now ? stated : expiryFrom(now, header)), until)
}

/** By what a read slides the deadline. */
const slideRule = ({ format, absoluteTimeout }: Runtime) =>
  format.slideFields ?? (absoluteTimeout === false ? format.leadingIdle : undefined)

/** Whether a second command has to do what a read cannot. */
const slidesApart = (runtime: Runtime) => runtime.rolling && !runtime.format.isReadOnly && !slideRule(runtime)

/** Whether it has to do what the read did not, which left alone what it could not understand. */
function isLeftToSlide(
  runtime: Runtime,
  header: SessionHeader,
  found: StoredValue,
  options: ReadOptions | undefined,
): boolean {
  if (!options?.extend) return slidesApart(runtime)
  return !runtime.format.slideFields && !hasMoved(found, options.extend.now, header)
}

async function slide(runtime: Runtime, budget: Budget, state: SessionState, expiresAt: number | undefined) {
  const now = runtime.now()
  const target = expiryFrom(now, state.header)
  const least = leastMove(runtime, state.header)
  if (runtime.format.statesDeadline) {
    // At the commit, merged with what others write meanwhile.
    state.touched ||= Math.abs(target - state.expiresAt) >= least
    return state
  }
  if (expiresAt !== undefined && Math.abs(target - expiresAt) < least) return state
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
  assertLength(runtime, value)
  return runtime.format.decode(value, key)
}

function assertLength({ maxBytes }: Runtime, { length }: Uint8Array): void {
  if (length > maxBytes)
    throw new SessionValueError(`The stored session is larger than \`maxBytes\` (${maxBytes}).`)
}

type Place = Pick<StoredState, 'id' | 'key' | 'recollection'>

/** What the store holds, its data as the schema takes it, so that defaults and conversions do not look like changes. */
export function readable(
  { format, schema }: Runtime,
  { id, key, recollection }: Place,
  { header, serialized }: DecodedSession,
  value: Uint8Array,
): StoredState | Promise<StoredState> {
  if (!schema) return { id, key, header, serialized, value, recollection }
  return readBySchema(schema, format.deserialize(serialized)).then((output) => ({
    ...{ id, key, header, value, output },
    serialized: format.serialize(output),
  }))
}

function readOptions(runtime: Runtime, fresh: boolean): ReadOptions | undefined {
  const { rolling, touchAfter, now } = runtime
  const fields = rolling && !runtime.format.isReadOnly ? slideRule(runtime) : undefined
  if (!fields) return fresh ? { fresh } : undefined
  return { fresh, extend: { fields, now: now(), touchAfter: touchAfter * 1000 } }
}

export const isValueError = (error: unknown): error is SessionError =>
  error instanceof Error && (error as SessionError).code === 'SESSION_VALUE_INVALID'
