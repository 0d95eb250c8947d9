import type { Budget } from './budget.ts'
import type { StoreUnavailableError } from './errors.ts'
import { handleOf } from './handle.ts'
import { isValueError } from './load.ts'
import { listedBy, type OwnersPlace, readListed, visit } from './owner-visit.ts'
import { endLogins } from './owners.ts'
import type { Runtime } from './runtime.ts'
import type { StoredState } from './session-state.ts'

/**
 * After a login: ends what its owner has more than `maxSessionsPerOwner` of, the oldest login first. Each login looks only at those
 * that were in the index before it, and never at itself: so of logins at the same time the one that came last sees all the
 * others, nobody ends one of the newest, and exactly so many are left, whichever clocks their processes have.
 *
 * The login stands by now, so that what cannot be ended is only told of.
 */
export async function keepToMaximum(runtime: Runtime, mine: StoredState, budget: Budget): Promise<void> {
  const { maxSessionsPerOwner: maximum, format } = runtime
  const { owner } = mine.header
  if (maximum === undefined || owner === undefined) return
  try {
    const place: OwnersPlace = { runtime, format, owner, spend: (work) => work(budget) }
    await budget.tidy(() => displace(place, mine, maximum))
  } catch (error) {
    runtime.emit({ type: 'store-error', operation: 'destroy', error: error as StoreUnavailableError })
  }
}

async function displace(place: OwnersPlace, mine: StoredState, maximum: number): Promise<void> {
  const { runtime, owner } = place
  const members = await listedBy(place)
  const own = members.find(({ key }) => key === mine.key)?.rank
  // Ended already.
  if (own === undefined) return
  const before = new Set(members.map(({ rank }) => rank).filter((rank) => rank < own))
  if (before.size < maximum) return

  const living = new Set<number>()
  await visit(
    place,
    (found) => found.filter(({ rank }) => before.has(rank)),
    async ({ key, rank }, budget) => {
      try {
        const session = await readListed(place, key, budget)
        if (typeof session === 'string') return session
      } catch (error) {
        if (!isValueError(error)) throw error
      }
      living.add(rank)
      return 'there'
    },
    members,
  )
  const over = new Set([...living].sort((a, b) => b - a).slice(maximum - 1))
  if (over.size === 0) return
  await endLogins(
    place,
    (found) => found.filter(({ rank }) => over.has(rank)),
    ({ note }) => runtime.emit(() => ({ type: 'displaced', handle: note, owner, by: handleOf(mine.id) })),
    members,
  )
}
