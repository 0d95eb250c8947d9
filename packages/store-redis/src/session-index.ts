import type { IndexEntry, IndexMember } from '@tegata/core'
import type { Outcome } from './durability.ts'
import { members } from './index-scripts.ts'
import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import type { Left, RunScript } from './script-runner.ts'
import type { SendScript } from './script-sender.ts'
import { storeFailure } from './store-failure.ts'

/** Keys that one command takes out. */
const STEP = 500

/** Which keys were written for an index. On one server the scripts that write do it; on a Cluster an index has a slot of its own. */
export interface SessionIndex {
  /** What a script that writes needs to enter its key: nothing on a Cluster. */
  beside(entry: IndexEntry | undefined): { keys: string[]; args: string[] }
  /** On a Cluster, enters a key that has been written, with the rank of `old` where the entry says so; `old` stays. */
  enter(entry: IndexEntry | undefined, key: string, old?: string): Promise<void>
  /** On a Cluster, takes out a key whose rank a rotation has taken over; nobody waits for it. */
  dropLater(entry: IndexEntry | undefined, key: string): void
  /** On a Cluster, what replicas of another primary have to have. */
  outcomes(entry: IndexEntry | undefined, key: string): Outcome[]
  members(index: string): Promise<IndexMember[]>
  remove(index: string, keys: readonly string[]): Promise<void>
}

export function sessionIndex(
  commands: RedisCommands,
  send: SendScript,
  run: RunScript,
  left: Left,
): SessionIndex {
  const { primaries, keyPrefix = '' } = commands
  const isHere = primaries === undefined

  const argsOf = ({ note, expiresAt, keepsRank }: IndexEntry) => [
    note,
    left(expiresAt),
    keepsRank ? '1' : '',
    isHere ? '1' : '',
  ]

  async function remove(index: string, keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += STEP) {
      const args = keys.slice(at, at + STEP).map((key) => keyPrefix + key)
      await run('leaveOut', { keys: [index], args, ifLost: 'unknown' })
    }
  }

  return {
    beside: (entry) =>
      entry && isHere ? { keys: [entry.key], args: argsOf(entry) } : { keys: [], args: [] },

    async enter(entry, key, old) {
      if (!entry || isHere) return
      const args = [keyPrefix + key, old === undefined ? '' : keyPrefix + old, ...argsOf(entry)]
      await run('enter', { keys: [entry.key], args, ifLost: 'unknown' })
    },

    dropLater(entry, key) {
      if (entry?.keepsRank && !isHere) remove(entry.key, [key]).catch(() => {})
    },

    outcomes: (entry, key) =>
      entry && !isHere && left(entry.expiresAt) !== '0'
        ? [{ key: entry.key, is: 'there', field: keyPrefix + key }]
        : [],

    async members(index) {
      try {
        return membersIn((await send(members, [index], [])) as unknown[], keyPrefix)
      } catch (cause) {
        throw storeFailure(commands, cause, 'not-applied')
      }
    },

    remove,
  }
}

/** Fields and what they hold, by turns: `rank deadline note`. */
function membersIn(fields: readonly unknown[], keyPrefix: string): IndexMember[] {
  const members: IndexMember[] = []
  for (let at = 0; at < fields.length; at += 2) {
    const field = text(fields[at])
    const [, rank, note = ''] = /^(\d+) \d+ (.*)$/s.exec(text(fields[at + 1])) ?? []
    if (field === '' || rank === undefined) continue
    members.push({ key: field.slice(keyPrefix.length), note, rank: Number(rank) })
  }
  return members
}
