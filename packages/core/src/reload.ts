import { Budget } from './budget.ts'
import { deadlines, expiryFrom } from './deadlines.ts'
import { crossesIdentity } from './draft.ts'
import { SessionInterruptedError } from './errors.ts'
import { bar } from './interruption.ts'
import { deadlineOf, decodeValue, originBySchema, readable } from './load.ts'
import type { Runtime } from './runtime.ts'
import type { SessionState } from './session-state.ts'

/** Takes what the store holds now for this request's changes of the data. A dead session stays dead. */
export async function reload(runtime: Runtime, state: SessionState): Promise<void> {
  // What another owner's session holds is none of this one's.
  if (state.status === 'new' || state.rotation?.fresh) return state.live.reset(await originBySchema(runtime))
  const loaded = state.stored
  if (state.status !== 'stored' || !loaded) throw state.error ?? new SessionInterruptedError()
  await Budget.spend(runtime.storeTimeout, runtime.now, async (budget) => {
    const found = await budget.read(() => runtime.store.read(loaded.key, { fresh: true, withDeadline: true }))
    if (found instanceof Error) throw found
    const decoded = found ? decodeValue(runtime, found.value, loaded.key) : 'ended'
    if (!found || decoded === 'ended') throw bar(runtime, state)
    const expiresAt = deadlineOf(runtime, decoded.header, found)
    if (expiresAt === undefined) throw bar(runtime, state)
    const now = await readable(runtime, loaded, decoded, found.value)
    if (crossesIdentity(runtime, loaded, now)) throw bar(runtime, state)
    budget.check()
    state.reset(now, expiresAt)
    if (state.rotation?.login) state.expiresAt = expiryFrom(runtime.now(), deadlines(state.header, runtime))
  })
}
