import { Budget, isUnavailable } from './budget.ts'
import { expiryFrom } from './deadlines.ts'
import { destroyKeys, destroyState } from './destroy.ts'
import { crossesIdentity, type Draft, encodeDraft, isSameData, mergeDraft, newDraft } from './draft.ts'
import { SessionHeadersSentError, SessionReadOnlyError, StoreUnavailableError } from './errors.ts'
import type { SessionData } from './format.ts'
import { handleOf } from './handle.ts'
import { bar, refusal } from './interruption.ts'
import type { Committed } from './key-queue.ts'
import { decodeValue, originBySchema, readable } from './load.ts'
import { keepToMaximum } from './maximum.ts'
import { indexEntry, renewedEntry } from './owner-index.ts'
import { isRedated, isResent, needsCookie, type Plan } from './plan.ts'
import type { Runtime } from './runtime.ts'
import { initialData, readBySchema } from './schema.ts'
import { fenceKeyOf, keysOf, type SessionKeys } from './session-keys.ts'
import type { SessionState, StoredState } from './session-state.ts'

/** A change made on fresh data, and made again whenever another request was faster. */
export type Change = (data: SessionData) => unknown

/** One commit: who makes it, what of, and how long it may take. */
interface Commit {
  runtime: Runtime
  state: SessionState
  plan: Plan
  budget: Budget
  change: Change | undefined
}

/** What became of one attempt: it was written, or it met another version of the session, or none. */
interface Attempt {
  met?: { value: Uint8Array } | 'gone'
  /** What now lies at the key, for the next in line. */
  value?: Uint8Array
  repeated: boolean
}

interface Written {
  id: string
  key: string
  value: Uint8Array
  expiresAt: number
  output: SessionData | undefined
}

const LOST = Symbol('the session ended, or became another one')

/**
 * Brings a session's changes to the store within `storeTimeout`; answers what `change` answered. Rejects with a
 * `SessionInterruptedError` when the session ended meanwhile: nothing but a login starts another one.
 */
export async function commit(
  runtime: Runtime,
  state: SessionState,
  plan: Plan,
  change?: Change,
): Promise<unknown> {
  try {
    return await attempt(runtime, state, plan, change)
  } catch (error) {
    if (!isUnavailable(error) || error === state.error) throw error
    runtime.emit({ type: 'store-error', operation: 'commit', error })
    state.failure = error
    throw error
  }
}

function attempt(
  runtime: Runtime,
  state: SessionState,
  plan: Plan,
  change: Change | undefined,
): Promise<unknown> {
  return Budget.spend(runtime.storeTimeout, runtime.now, async (budget) => {
    if (state.sealed && needsCookie(runtime, state, plan.kind)) throw new SessionHeadersSentError()
    if (plan.kind === 'drop') throw refusal(runtime, state)
    if (runtime.format.isReadOnly) throw new SessionReadOnlyError()
    if (plan.kind === 'end') {
      const hasEnded = await destroyState(runtime, state, budget)
      if (change) throw refusal(runtime, state)
      return hasEnded
    }
    if (plan.kind !== 'extend' && state.live.differs(plan.mine)) {
      // With a schema changes are told as they would be stored, where a loss may look like none.
      runtime.format.assertStorable?.(runtime.schema ? state.data : state.live.ownChanges())
    }

    const work = { runtime, state, plan, budget, change }
    if (plan.kind === 'create') return create(work)
    const { key } = state.stored as StoredState
    const answer = await runtime.commits.run(key, budget, (latest) =>
      plan.kind === 'extend' ? extend(work) : overwrite(work, latest),
    )
    if (answer !== LOST) return answer
    if (!state.rotation?.login) throw bar(runtime, state)
    // An id that a rotation has tried in vain may be listed, as something that has ended.
    state.id = runtime.format.createId(runtime.random)
    const initial = await originBySchema(runtime)
    state.startOver({ ...state.header, createdAt: runtime.now() }, state.live.ownChanges(), initial)
    return create({ ...work, plan: { kind: 'create', mine: state.live.snapshot() } })
  })
}

async function create(work: Commit): Promise<unknown> {
  const { runtime, state, plan, budget } = work
  const draft = newDraft(state, plan.mine)
  const answer = await applyChange(work, draft)
  if (plan.optional && isSameData(runtime, draft.serialized, plan.mine)) return answer
  for (;;) {
    const id = state.id
    const key = runtime.format.keyOf(id)
    const { value, expiresAt, output } = await encodeDraft(runtime, draft, key)
    const options = { notAfter: budget.notAfter, index: indexEntry(runtime, draft.header, id) }
    const created = await budget.write(() => runtime.store.create(key, value, expiresAt, options))
    if (created.answer) {
      adopt(work, draft, { id, key, value, expiresAt, output })
      break
    }
    state.id = runtime.format.createId(runtime.random)
  }
  state.cookie = 'set'
  runtime.emit(() => ({ type: 'created', handle: handleOf(state.id), ...ownerOf(draft) }))
  if (state.superseded !== undefined) await removeSuperseded(work, state.superseded)
  await keepToMaximum(runtime, state.stored as StoredState, budget)
  return answer
}

/** Writes over what the store holds, merging with what others wrote, until one attempt meets what it was made from. */
async function overwrite(work: Commit, latest: Uint8Array | undefined): Promise<Committed<unknown>> {
  const { runtime, state, plan, budget, change } = work
  const loaded = state.stored as StoredState
  let current: StoredState | typeof LOST = await newest(work, latest)
  let isDoubtful = false
  let isNewest = false
  for (;;) {
    if (current === LOST || (current !== loaded && crossesIdentity(runtime, loaded, current)))
      return { answer: LOST }
    const draft = mergeDraft(runtime, state, plan.mine, current)
    const answer = await applyChange(work, draft)
    if (plan.optional && isSameData(runtime, draft.serialized, current.serialized)) {
      // No write tells whether others were faster.
      if (isNewest) return { answer }
      current = await readNow(work, loaded)
      isNewest = true
      continue
    }

    const write = plan.kind === 'rotate' ? rotate : replace
    const { met, value, repeated } = await write(work, draft, current)
    if (!met) return { answer, value }
    if (met === 'gone') return { answer: LOST }
    isDoubtful ||= repeated
    // A counter may have been counted already; a merge gives the same however often it is made.
    if (isDoubtful && change) throw doubtful()
    current = await decodeCurrent(runtime, loaded, met.value)
    isNewest = true
    budget.check()
  }
}

async function replace(work: Commit, draft: Draft, current: StoredState): Promise<Attempt> {
  const { runtime, state, budget } = work
  const { id, key } = current
  const { value, expiresAt, output } = await encodeDraft(runtime, draft, key)
  const options = {
    notAfter: budget.notAfter,
    index: renewedEntry(runtime, draft.header, current.header, id),
  }
  const { answer, repeated } = await budget.write(() =>
    runtime.store.replace(key, value, expiresAt, runtime.format.expected(current.value), options),
  )
  if (answer instanceof Error) throw answer
  if (answer.outcome !== 'replaced') return { met: metBy(answer), repeated }
  if (isResent(runtime) || isRedated(runtime, state, draft.mine)) state.cookie = 'set'
  adopt(work, draft, { id, key, value, expiresAt, output })
  return { value, repeated }
}

async function rotate(work: Commit, draft: Draft, current: StoredState): Promise<Attempt> {
  const { runtime, state, budget } = work
  const { format, store, now, random } = runtime
  const keys = keysOf(format, current.id)
  const { previousKey } = keys
  const isLeftBehind =
    previousKey !== undefined && (await budget.read(() => store.read(previousKey))) !== null
  const isLogin = state.rotation?.login === true
  for (;;) {
    const id = state.id
    const key = format.keyOf(id)
    const { value, expiresAt, output } = await encodeDraft(runtime, draft, key)
    const mark = format.endMark?.(now(), random)
    const entry = indexEntry(runtime, draft.header, id)
    // In this order it has one shape on Node 20 as well.
    const index = entry && { keepsRank: !isLogin, ...entry }
    const options = { notAfter: budget.notAfter, index, ...(mark && { mark }) }
    const { answer, repeated } = await budget.write(() =>
      store.rotate(current.key, key, value, expiresAt, format.expected(current.value), options),
    )
    if (answer instanceof Error) throw answer
    if (answer.outcome === 'taken') {
      state.id = format.createId(random)
      continue
    }
    if (answer.isSpent) state.id = format.createId(random)
    if (answer.outcome !== 'replaced') return { met: metBy(answer), repeated }
    if (previousKey !== undefined && (await isFenced(work, current, previousKey))) {
      await budget.insist(() => store.destroy(key, mark && { mark }))
      return { met: 'gone', repeated }
    }
    // Before it is told of, so that the old id brings nothing back; and not before it is made, which would call off a move
    // from the previous format that is under way, and end the session that it has just made.
    if (isLeftBehind) await budget.insist(() => destroyKeys(runtime, keys, budget))
    const owner = isLogin ? ownerOf(draft) : {}
    adopt(work, draft, { id, key, value, expiresAt, output })
    state.cookie = 'set'
    runtime.emit(() => ({ type: 'rotated', handle: handleOf(id), previous: handleOf(current.id), ...owner }))
    if (isLogin) await keepToMaximum(runtime, state.stored as StoredState, budget)
    // No value to hand on: who waits for the old key has to learn that it ended.
    return { repeated }
  }
}

/** Whether all sessions of its owner were ended while this one was perhaps being moved. */
async function isFenced({ runtime, budget }: Commit, { header }: StoredState, previousKey: string) {
  const { format, store } = runtime
  if (header.owner === undefined || !store.supports.owners) return false
  return (await budget.insist(() => store.read(fenceKeyOf(format, previousKey)))) !== null
}

/** Moves the idle deadline and nothing else. */
async function extend({ runtime, state, budget }: Commit): Promise<Committed<unknown>> {
  const { format, store, now } = runtime
  const { key, header } = state.stored as StoredState
  const from = now()
  const expiresAt = expiryFrom(from, header)
  const fields = format.slideFields
  // Where a read can slide the deadline it also tells a mark from a session; a mark must not live on.
  const alive = fields
    ? await budget.read(() => store.read(key, { fresh: true, extend: { fields, now: now(), touchAfter: 0 } }))
    : await budget.read(() => store.touch(key, expiresAt))
  if (alive instanceof Error) throw alive
  if (!alive || (alive !== true && decodeValue(runtime, alive.value, key) === 'ended'))
    return { answer: LOST }
  state.expiresAt = expiresAt
  state.datedAt = from
  state.touched = false
  if (isResent(runtime)) state.cookie = 'set'
  return { answer: undefined }
}

async function applyChange({ runtime, plan, budget, change }: Commit, draft: Draft): Promise<unknown> {
  if (!change) return undefined
  const stored = runtime.format.deserialize(draft.serialized)
  // What a new session still lacks the change may put in.
  const read = plan.kind === 'create' ? initialData : readBySchema
  const data = runtime.schema ? await read(runtime.schema, stored) : stored
  const answer = await change(data)
  budget.check()
  runtime.format.assertStorable?.(data)
  draft.serialized = runtime.format.serialize(data)
  return answer
}

/** What the store held last as far as this process knows: what was loaded, or what the commit before this one wrote. */
async function newest({ runtime, state }: Commit, latest: Uint8Array | undefined) {
  const loaded = state.stored as StoredState
  if (!latest) return loaded
  const handed = await decodeCurrent(runtime, loaded, latest)
  return handed !== LOST && handed.header.writtenAt >= loaded.header.writtenAt ? handed : loaded
}

/** What the store itself holds. */
async function readNow({ runtime, budget }: Commit, loaded: StoredState) {
  const found = await budget.read(() => runtime.store.read(loaded.key, { fresh: true }))
  if (found instanceof Error) throw found
  return found ? decodeCurrent(runtime, loaded, found.value) : LOST
}

async function decodeCurrent(runtime: Runtime, { id, key }: StoredState, value: Uint8Array) {
  const decoded = decodeValue(runtime, value, key)
  return decoded === 'ended' ? LOST : readable(runtime, { id, key }, decoded, value)
}

function adopt(
  { runtime, state, plan }: Commit,
  { mine, header, serialized, overwritten }: Draft,
  written: Written,
): void {
  const { id, key, value, expiresAt, output } = written
  const isDatedMeanwhile = state.header !== mine
  state.header = { ...header, ...(isDatedMeanwhile && { expiry: state.header.expiry }) }
  if (!isDatedMeanwhile) {
    state.expiresAt = expiresAt
    state.datedAt = header.writtenAt
    state.hasSetExpiry = false
  }
  state.adopt({ id, key, header, serialized, output, value }, plan.mine)
  if (overwritten.length > 0)
    runtime.emit(() => ({ type: 'overwritten', handle: handleOf(id), keys: overwritten }))
}

/** The login stands by now, so that what cannot be removed is only told of. */
async function removeSuperseded({ runtime, state, budget }: Commit, keys: SessionKeys): Promise<void> {
  state.superseded = undefined
  try {
    await budget.tidy(() => destroyKeys(runtime, keys, budget))
  } catch (error) {
    runtime.emit({ type: 'store-error', operation: 'destroy', error: error as StoreUnavailableError })
  }
}

const metBy = (answer: { outcome: 'gone' } | { outcome: 'conflict'; value: Uint8Array }) =>
  answer.outcome === 'gone' ? 'gone' : { value: answer.value }

const doubtful = () =>
  new StoreUnavailableError(
    'A reply of the session store was lost, and it cannot be told whether the update was made.',
    {
      outcome: 'unknown',
    },
  )

const ownerOf = ({ header }: Draft) => (header.owner === undefined ? {} : { owner: header.owner })
