import { type Circuit, createCircuit } from './circuit.ts'
import { primaryOf } from './primary-of.ts'
import type { RedisCommands } from './redis-commands.ts'
import { within } from './within.ts'

/**
 * Gives every command a deadline, as the clients' timers do not cover one that was sent already, and every primary a circuit
 * of its own: one that is silent must not take the sessions of the others with it. Replies after the deadline change nothing.
 */
export function guardCommands(commands: RedisCommands, timeout: number): RedisCommands {
  const circuits = new Map<string | undefined, Circuit>()

  function circuitOf(key: string | undefined): Circuit {
    const name = primaryOf(commands, key)
    const circuit = circuits.get(name) ?? createCircuit(commands.isErrorReply)
    circuits.set(name, circuit)
    return circuit
  }

  function askForLife(key: string | undefined): Promise<unknown> {
    if (!commands.primaryOfSlot || key === undefined) return commands.send(undefined, ['PING'])
    // By the key, which another primary may have by now.
    commands.rediscover?.(key).catch(() => {})
    return commands.send(key, ['EXISTS', key])
  }

  return {
    ...commands,
    send: (key, args) =>
      circuitOf(key)(
        () => within(timeout, () => commands.send(key, args)),
        () => askForLife(key),
      ),
    ...(commands.primaries && {
      primaries: async () => {
        const primaries = (await within(timeout, async () => commands.primaries?.())) ?? []
        return primaries.map((primary) => ({
          ...primary,
          send: (key, args) => within(timeout, () => primary.send(key, args)),
        }))
      },
    }),
  }
}
