import type { Budget } from './budget.ts'
import type { SessionFormat } from './format.ts'
import { deadlineOf, decodeValue, isValueError } from './load.ts'
import { indexed, indexKeyOf } from './owner-index.ts'
import type { Runtime } from './runtime.ts'
import { fenceKeyOf } from './session-keys.ts'
import type { IndexMember, StoredValue } from './store.ts'

/** Keys that are under way at a time: enough to fill a pipeline, few enough for other requests to get in between. */
const BATCH = 100

const READ_ATTEMPTS = 3
const READ_PAUSE_MS = 50

/** Gives work the time it may take. */
export type Spend = <T>(work: (budget: Budget) => Promise<T>) => Promise<T>

/** The sessions of an owner that lie in one format. */
export interface OwnersPlace {
  runtime: Runtime
  format: SessionFormat
  owner: string
  spend: Spend
}

/**
 * What was met at a key: a session (`there`), which this visit may have `ended`; nothing any more (`gone`); or something that is none
 * of these sessions by the rules of this manager, and may be one by those of another (`hidden`).
 */
export type Met = 'there' | 'ended' | 'gone' | 'hidden'

export const listedBy = ({ runtime: { store }, format, owner, spend }: OwnersPlace) =>
  spend((budget) => read(budget, () => indexed(store).members(indexKeyOf(format, owner))))

/**
 * Visits the sessions whose login was in the index when this was called, wherever a rotation puts them meanwhile: a rotation enters
 * the new key, with the rank of the old, before the old one goes. So where one was gone the index is read again, until it
 * shows nothing new. What logs in meanwhile has a higher rank, and is let be. Takes out of the index what has gone.
 *
 * `known`: what the index was read to hold, if it was.
 */
export async function visit(
  place: OwnersPlace,
  wanted: (members: readonly IndexMember[]) => IndexMember[],
  meet: (member: IndexMember, budget: Budget) => Promise<Met>,
  known?: readonly IndexMember[],
): Promise<void> {
  const met = new Map<string, Met>()
  let members = known ?? (await listedBy(place))
  const horizon = members.reduce((highest, { rank }) => Math.max(highest, rank), 0)
  for (;;) {
    const found = wanted(members).filter(({ key, rank }) => rank <= horizon && !met.has(key))
    let hasMissed = false
    for (let at = 0; at < found.length; at += BATCH) {
      await place.spend((budget) =>
        each(found.slice(at, at + BATCH), async (member) => {
          const what = await meet(member, budget)
          met.set(member.key, what)
          hasMissed ||= what === 'gone'
        }),
      )
    }
    if (!hasMissed) break
    members = await listedBy(place)
  }
  await forget(
    place,
    [...met].filter(([, what]) => what === 'gone' || what === 'ended').map(([key]) => key),
  )
}

/** Rejects as one of them does, once all have ended: what is still under way would go on without its budget. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (const settled of await Promise.allSettled(items.map(work))) {
    if (settled.status === 'rejected') throw settled.reason
  }
}

/** Keys that hold nothing any more. Where it fails nothing is lost: the next one who looks does it. */
async function forget({ runtime, format, owner, spend }: OwnersPlace, keys: readonly string[]) {
  if (keys.length === 0) return
  const { store } = runtime
  await spend((budget) =>
    budget.read(() => indexed(store).removeMembers(indexKeyOf(format, owner), keys)),
  ).catch(() => {})
}

/** Whole lists depend on each of many reads: one whose reply is lost is made again. */
async function read<T>(budget: Budget, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await budget.read(call)
    } catch (error) {
      budget.check()
      if (attempt === READ_ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, attempt * READ_PAUSE_MS))
    }
  }
}

/** Reads the session of an entry. Throws a `SessionValueError` for what cannot be read. */
export async function readListed({ runtime, format, owner }: OwnersPlace, key: string, budget: Budget) {
  const there = { ...runtime, format }
  const found = await read(budget, () => runtime.store.read(key, { fresh: true, withDeadline: true }))
  if (found === null) return 'gone'
  if (found instanceof Error) throw found
  const decoded = decodeValue(there, found.value, key)
  if (decoded === 'ended' || decoded.header.owner !== owner) return 'gone'
  const expiresAt = deadlineOf(there, decoded.header, found as StoredValue)
  return expiresAt === undefined ? 'hidden' : { header: decoded.header, expiresAt }
}

/** Ends the session of an entry, whatever its value. */
export async function endMember(place: OwnersPlace, { key }: IndexMember, budget: Budget): Promise<boolean> {
  const { runtime, format } = place
  // Another library may have given the key to somebody else.
  if (!format.slideFields && (await isOthers(place, key, budget))) return false
  if (format !== runtime.format) await fence(place, key, budget)
  const mark = format.endMark?.(runtime.now(), runtime.random)
  return (await budget.write(() => runtime.store.destroy(key, mark && { mark }))).answer
}

/**
 * Before the end of a session that may be on its way to the current format: a rotation of it there, which may be entered too late for
 * this visit, finds the fence once it is.
 */
async function fence({ runtime: { format, store, now, random } }: OwnersPlace, key: string, budget: Budget) {
  const mark = format.endMark?.(now(), random)
  if (mark) await budget.write(() => store.create(fenceKeyOf(format, key), mark.value, mark.expiresAt))
}

async function isOthers(place: OwnersPlace, key: string, budget: Budget): Promise<boolean> {
  try {
    return (await readListed(place, key, budget)) === 'gone'
  } catch (error) {
    if (!isValueError(error)) throw error
    return false
  }
}
