import { StoreUnavailableError } from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { within } from './within.ts'

export interface DurabilityOptions {
  /** How many replicas have to have a write before it is answered. */
  replicas: number
  /** Seconds to wait for them. Default 1. */
  timeout?: number
}

/** Waits until replicas have what was just written to the primaries of keys; `undefined` where nobody asks for it. */
export function replicaConfirmation(
  commands: RedisCommands,
  options: DurabilityOptions | undefined,
): ((keys: readonly string[]) => Promise<void>) | undefined {
  if (!options) return undefined
  const { replicas, timeout = 1 } = options
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new TypeError('The option `durability.replicas` must be a whole number of replicas, 1 or more.')
  }
  if (!(timeout > 0) || !Number.isFinite(timeout)) {
    throw new TypeError('The option `durability.timeout` must be a positive number of seconds.')
  }
  const { confirm } = commands
  if (!confirm) throw new TypeError('The option `durability` needs a client that can wait for replicas.')

  return async (keys) => {
    const confirmed = await Promise.all(
      keys.map(async (key) => {
        try {
          const milliseconds = Math.ceil(timeout * 1000)
          return await within(2 * milliseconds, () => confirm(key, replicas, milliseconds))
        } catch (cause) {
          // Applied by the primary; the same call, made again, asks again.
          throw new StoreUnavailableError('Redis could not be asked for its replicas.', {
            cause,
            outcome: 'unknown',
          })
        }
      }),
    )
    const fewest = Math.min(...confirmed)
    if (fewest < replicas) {
      throw new StoreUnavailableError(
        `${fewest} of ${replicas} replicas confirmed a write for a session within ${timeout} s.`,
        { outcome: 'unconfirmed' },
      )
    }
  }
}
