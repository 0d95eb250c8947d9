import type { Budget } from './budget.ts'
import { deadlines, expiryFrom } from './deadlines.ts'
import { type SessionError, SessionValueError } from './errors.ts'
import type { SessionFormat, SessionHeader } from './format.ts'
import { handleOf } from './handle.ts'
import { indexEntry } from './owner-index.ts'
import type { Runtime } from './runtime.ts'
import { keysOf } from './session-keys.ts'
import type { StoredValue } from './store.ts'

type Found = StoredValue | SessionValueError | null

/**
 * Moves the session of an id that still lies in the previous format, and answers what lies at its new key after that: what
 * was moved, by this request or another one, or `null` for nothing. Throws a `SessionValueError` for what cannot be moved.
 */
export async function moveSession(runtime: Runtime, budget: Budget, id: string): Promise<Found> {
  const { format, store, emit, now, random } = runtime
  const { previous } = format
  const { key, previousKey } = keysOf(format, id)
  if (!previous || previousKey === undefined) return null

  const readAgain = () => budget.read(() => store.read(key))
  /** It was ended before it had left: what others have made meanwhile of the one at the new key ends with it. */
  const endMade = async () => {
    const mark = format.endMark?.(now(), random)
    await budget.write(() => store.destroy(key, mark && { mark }))
    return readAgain()
  }
  let isMade = false
  let found = await budget.read(() => store.read(previousKey))
  // Moved between the two reads, or never there.
  if (found === null) return readAgain()
  while (!(found instanceof Error)) {
    const { value } = found
    const moved = translate(runtime, previous, { value, previousKey, key })
    if (!moved) return isMade ? endMade() : null
    const entry = indexEntry(runtime, moved.header, id)
    const index = entry && { ...entry, isKnown: true }
    const options = { notAfter: budget.notAfter, index }
    const expected = previous.expected(value)
    const { answer } = await budget.write(() =>
      store.rotate(previousKey, key, moved.value, moved.expiresAt, expected, options),
    )
    if (answer instanceof Error) return answer
    if (answer.outcome === 'replaced') {
      emit(() => ({ type: 'moved', handle: handleOf(id), from: previous.name }))
      return { value: moved.value, expiresAt: moved.expiresAt }
    }
    isMade = answer.outcome !== 'taken' && answer.isSpent === true
    // Another request has moved it, or ended it.
    if (answer.outcome !== 'conflict') return isMade ? endMade() : readAgain()
    found = { value: answer.value }
    budget.check()
  }
  return found
}

/** `undefined` for a session that is over. */
function translate(
  runtime: Runtime,
  previous: SessionFormat,
  { value, previousKey, key }: { value: Uint8Array; previousKey: string; key: string },
): (Required<StoredValue> & { header: SessionHeader }) | undefined {
  const { format, maxBytes, now, random } = runtime
  if (value.length > maxBytes)
    throw new SessionValueError(`The stored session is larger than \`maxBytes\` (${maxBytes}).`)
  const decoded = previous.decode(value, previousKey)
  if (decoded === 'ended') return undefined
  const writtenAt = now()
  const { extras: _, ...found } = decoded.header
  if (isOver(runtime, previous, found, writtenAt)) return undefined

  const createdAt = Math.min(found.createdAt, writtenAt)
  const { idle, until } = deadlines({ ...found, createdAt }, runtime)
  // In whole seconds, as the native head has it: express-session often stores a millisecond less.
  const header = { ...found, createdAt, writtenAt, idle: Math.ceil(idle), until }
  const data = previous.deserialize(decoded.serialized)
  try {
    format.assertStorable?.(data)
    const moved = format.encode(header, format.serialize(data), key, random)
    return { value: moved, expiresAt: expiryFrom(writtenAt, header), header }
  } catch (cause) {
    if ((cause as SessionError).code !== 'SESSION_DATA_INVALID') throw cause
    throw new SessionValueError('The stored session holds what its new format cannot.', { cause })
  }
}

/** Whether a value says, or the manager's rules say, that its session has ended. */
export function isOver(
  runtime: Runtime,
  { statesDeadline, slideFields }: SessionFormat,
  header: SessionHeader,
  now: number,
): boolean {
  const policy = deadlines(header, runtime)
  if (Math.min(header.until, policy.until) <= now) return true
  // What others wrote says nothing of this manager's rules.
  const { idle } = slideFields ? header : policy
  return statesDeadline === true && expiryFrom(header.writtenAt, { ...policy, idle }) <= now
}
