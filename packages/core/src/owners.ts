import { Budget, isUnavailable } from './budget.ts'
import type { SessionError } from './errors.ts'
import { isValueError } from './load.ts'
import { assertOwners } from './owner-index.ts'
import { endMember, type Met, type OwnersPlace, readListed, visit } from './owner-visit.ts'
import type { Runtime } from './runtime.ts'
import type { IndexMember } from './store.ts'

/** A session as lists for people show it. */
export interface OwnedSession {
  /** Its public name, `session.handle`: it opens nothing, and `destroyByOwner(owner, { only: handle })` ends it. */
  handle: string
  /** What was given to `authenticate`: a device, a browser. */
  label: string | undefined
  /** Epoch ms; `Infinity` where another library created it and did not say when. */
  createdAt: number
  /** Epoch ms of the login; `undefined` where another library logged the owner in. */
  authenticatedAt: number | undefined
  /** Epoch ms at which it ends if it is not used again. */
  expiresAt: number
}

/** A handle, or what has one: a session, also one that `listByOwner` answered. */
type Which = string | { readonly handle: string; readonly handles?: readonly string[] }

export interface DestroyByOwnerOptions {
  /** Sessions, or handles of sessions, that stay. Default: none. */
  except?: Which | readonly Which[]
  /** Sessions, or handles of sessions, that end. One of another owner ends nothing. Default: all of this owner. */
  only?: Which | readonly Which[]
}

/** Newest login first. Rejects with a `StoreUnavailableError`. */
export async function listByOwner(runtime: Runtime, owner: string): Promise<OwnedSession[]> {
  const places = placesOf(runtime, owner, 'listByOwner()', 'load')
  const lists: OwnedSession[][] = []
  for (const place of places) lists.unshift(await listIn(place))
  // What was moved between two looks is in both, by the same handle.
  const seen = new Set<string>()
  return lists.flat().filter(({ handle }) => !seen.has(handle) && seen.add(handle))
}

async function listIn(place: OwnersPlace): Promise<OwnedSession[]> {
  const found = new Map<number, OwnedSession>()
  await visit(
    place,
    (members) => [...members],
    async ({ key, note, rank }, budget) => {
      try {
        const session = await readListed(place, key, budget)
        if (typeof session === 'string') return session
        const { header, expiresAt } = session
        const { label, createdAt, authenticatedAt } = header
        // On its way from one key to another a session may be at both.
        found.set(rank, { handle: note, label, createdAt, authenticatedAt, expiresAt })
      } catch (error) {
        if (!isValueError(error)) throw error
        place.runtime.emit(() => ({ type: 'invalid-value', handle: note, error }))
      }
      return 'there'
    },
  )
  return [...found].sort(([a], [b]) => b - a).map(([, session]) => session)
}

/**
 * Ends every session of an owner whose login was acknowledged before this call, whatever requests of these sessions do
 * meanwhile, and whether they can be read or not. Answers how many have ended by it. Rejects with a `StoreUnavailableError`; some
 * may have ended then, and the same call ends the others.
 */
export async function destroyByOwner(
  runtime: Runtime,
  owner: string,
  { except, only }: DestroyByOwnerOptions = {},
): Promise<number> {
  const places = placesOf(runtime, owner, 'destroyByOwner()', 'destroy')
  const spared = new Logins(handlesOf('except', except))
  const chosen = only === undefined ? undefined : new Logins(handlesOf('only', only))
  let count = 0
  for (const place of places) {
    spared.ranks.clear()
    chosen?.ranks.clear()
    const isMeant = (members: readonly IndexMember[]) => {
      spared.learn(members)
      chosen?.learn(members)
      return members.filter(({ rank }) => !spared.ranks.has(rank) && (chosen?.ranks.has(rank) ?? true))
    }
    count += (await endLogins(place, isMeant)).length
  }
  return count
}

/** Answers the entries of those that ended, one of each login. */
export async function endLogins(
  place: OwnersPlace,
  wanted: (members: readonly IndexMember[]) => IndexMember[],
  tell: (member: IndexMember) => void = ({ note }) =>
    place.runtime.emit(() => ({ type: 'destroyed', handle: note, owner: place.owner })),
  known?: readonly IndexMember[],
): Promise<IndexMember[]> {
  const ended = new Map<number, IndexMember>()
  const end = async (member: IndexMember, budget: Budget): Promise<Met> => {
    if (!(await endMember(place, member, budget))) return 'gone'
    if (!ended.has(member.rank)) tell(member)
    ended.set(member.rank, member)
    return 'ended'
  }
  await visit(place, wanted, end, known)
  return [...ended.values()]
}

/** Logins by their handles. A rotation gives a session another handle, and the index keeps its rank. */
class Logins {
  readonly ranks = new Set<number>()
  readonly #handles: ReadonlySet<string>

  constructor(handles: readonly string[]) {
    this.#handles = new Set(handles)
  }

  learn(members: readonly IndexMember[]): void {
    for (const { note, rank } of members) if (this.#handles.has(note)) this.ranks.add(rank)
  }
}

function handlesOf(option: string, given: Which | readonly Which[] | undefined): string[] {
  const which =
    given === undefined ? [] : Array.isArray(given) ? (given as readonly Which[]) : [given as Which]
  return which.flatMap((one) => {
    if (typeof one === 'string') return [one]
    if (typeof one?.handle === 'string') return one.handles ?? [one.handle]
    throw new TypeError(
      `The option \`${option}\` of destroyByOwner() takes a session, a handle, or an array of these.`,
    )
  })
}

/**
 * Where the sessions of an owner may lie: first in the format that they are moved from, since a session that is moved is in the other
 * index before it leaves this one.
 */
function placesOf(
  runtime: Runtime,
  owner: string,
  what: string,
  operation: 'load' | 'destroy',
): OwnersPlace[] {
  assertOwners(runtime, what)
  if (typeof owner !== 'string' || owner === '') {
    throw new TypeError(`${what} takes the owner as a non-empty string.`)
  }
  const { format } = runtime
  const formats = format.previous ? [format.previous, format] : [format]
  const spend: OwnersPlace['spend'] = async (work) => {
    try {
      return await Budget.spend(runtime.storeTimeout, runtime.now, work)
    } catch (error) {
      if (isUnavailable(error)) runtime.emit({ type: 'store-error', operation, error: error as SessionError })
      throw error
    }
  }
  return formats.map((one) => ({ runtime, format: one, owner, spend }))
}
