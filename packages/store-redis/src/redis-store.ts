import {
  type EndMark,
  type EnumerableStore,
  type IndexedStore,
  StoreUnavailableError,
  type WatchableStore,
} from '@tegata/core'
import { type DurabilityOptions, type Outcome, replicaConfirmation } from './durability.ts'
import { guardCommands } from './guard-commands.ts'
import type { RedisCommands } from './redis-commands.ts'
import { expectation, notAString, replaceOutcome } from './replace-outcome.ts'
import { text } from './reply.ts'
import { marking, rotateInOneStep, rotateInTwoSteps, takeBack } from './rotate.ts'
import { scanKeys } from './scan-keys.ts'
import { scriptRunner } from './script-runner.ts'
import { scriptSender } from './script-sender.ts'
import { sessionIndex } from './session-index.ts'
import { sessionReads } from './session-reads.ts'
import { storeFailure } from './store-failure.ts'
import { watchKeys } from './watch-keys.ts'
import { assertTimeout } from './within.ts'

export interface RedisStoreOptions {
  /** The clock that deadlines are given in, epoch ms; the one of `createSessions`. Default `Date.now`. */
  now?: () => number
  /**
   * Seconds after which a command counts as lost, whatever the client's own timers say. Default 5, as `storeTimeout`. After five in
   * a row those for the same primary fail at once, until it answers again.
   */
  commandTimeout?: number
  /** `create`, `rotate` and `destroy` wait until replicas have them. Default: until the primary has. */
  durability?: DurabilityOptions
}

export type RedisStore = EnumerableStore & WatchableStore & IndexedStore

/**
 * Sessions in Redis 6.2 or newer, or Valkey: each verb is atomic, and one round trip. Deadlines are sent as time left, so that
 * Redis' clock and ours need not agree.
 */
export function redisStore(client: RedisCommands, options: RedisStoreOptions = {}): RedisStore {
  const { now = () => Date.now(), commandTimeout = 5, durability, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of a store in Redis.`)
  if (typeof client?.send !== 'function') {
    throw new TypeError(
      'The first argument of redisStore() must describe a client by send() and isErrorReply().',
    )
  }
  if (typeof now !== 'function') {
    throw new TypeError('The option `now` must be a function that answers epoch milliseconds.')
  }
  assertTimeout('commandTimeout', commandTimeout)
  const commands = guardCommands(client, commandTimeout * 1000)
  const send = scriptSender(commands, now)
  const run = scriptRunner(commands, send, now)
  const confirm = replicaConfirmation(commands, durability)
  const index = sessionIndex(commands, send, run, left)
  const move = commands.primaries
    ? rotateInTwoSteps(run, left, index, commands)
    : rotateInOneStep(run, left, index)

  /** Milliseconds left, as the scripts take them. */
  function left(expiresAt: number): string {
    const ms = Math.ceil(expiresAt - now())
    if (ms <= 0) return '0'
    return ms <= Number.MAX_SAFE_INTEGER ? String(ms) : ''
  }

  async function end(key: string, notAfter: number | undefined, mark: EndMark | undefined) {
    if (mark || notAfter !== undefined) {
      const args = marking(mark, left)
      const [outcome] = await run('destroy', { keys: [key], args, notAfter, ifLost: 'unknown' })
      return outcome === 'done'
    }
    try {
      return Number(await commands.send(key, ['UNLINK', key])) > 0
    } catch (cause) {
      throw storeFailure(commands, cause, 'unknown')
    }
  }

  return {
    name: 'redis',
    supports: {
      conditional: true,
      shared: true,
      enumerate: true,
      owners: true,
      watch: client.connect !== undefined,
    },

    read: sessionReads(commands, send, now),

    async create(key, value, expiresAt, { notAfter, index: entry } = {}) {
      const deadline = left(expiresAt)
      if (deadline === '0') return true
      const beside = index.beside(entry)
      const args = [value, deadline, ...beside.args]
      const call = { keys: [key, ...beside.keys] as const, args, notAfter, ifLost: 'unknown' } as const
      const [outcome, made] = await run('create', call)
      if (outcome !== 'done') return false
      try {
        await index.enter(entry, key)
      } catch (error) {
        await takeBack(run, error, key, value, text(made) === 'made')
        throw error
      }
      await confirm?.([{ key, is: 'there' }, ...index.outcomes(entry, key)])
      return true
    },

    async replace(key, value, expiresAt, expected, { notAfter, index: entry } = {}) {
      const beside = index.beside(entry)
      const args = [value, left(expiresAt), ...expectation(expected), ...beside.args]
      const call = { keys: [key, ...beside.keys] as const, args, notAfter, ifLost: 'unknown' } as const
      const answer = replaceOutcome(await run('replace', call))
      if ('outcome' in answer && answer.outcome === 'replaced') {
        await index.enter(entry, key).catch((cause) => {
          // Written, and not taken back; the same call, made again, enters it.
          throw new StoreUnavailableError('A session was written, but not entered into its index.', {
            cause,
            outcome: 'unknown',
          })
        })
      }
      return answer
    },

    async rotate(oldKey, newKey, value, expiresAt, expected, options = {}) {
      const answer = await move(oldKey, newKey, value, expiresAt, expected, options)
      if ('outcome' in answer && answer.outcome === 'replaced') {
        const moved: Outcome = { key: newKey, is: left(expiresAt) === '0' ? 'ended' : 'there' }
        const ended: Outcome = { key: oldKey, is: 'ended', lead: options.mark?.lead }
        // Where one step has done both, a replica has both or neither.
        const entered = moved.is === 'there' ? index.outcomes(options.index, newKey) : []
        await confirm?.(commands.primaries ? [moved, ended, ...entered] : [moved])
      }
      return answer
    },

    async touch(key, expiresAt, { notAfter } = {}) {
      const args = [left(expiresAt)]
      const [outcome] = await run('touch', { keys: [key], args, notAfter, ifLost: 'unknown' })
      return outcome === 'invalid' ? notAString() : outcome === 'done'
    },

    async destroy(key, { notAfter, mark } = {}) {
      const hasEnded = await end(key, notAfter, mark)
      // Also where there was nothing: the logout that another request made has to be as durable as our word for it.
      await confirm?.([{ key, is: 'ended', lead: mark?.lead }])
      return hasEnded
    },

    members: (name) => index.members(name),

    removeMembers: (name, keys) => index.remove(name, keys),

    keys: (prefix) => scanKeys(commands, prefix),

    watch: (prefix, listener) => watchKeys(client, prefix, listener, commandTimeout * 1000),
  }
}
