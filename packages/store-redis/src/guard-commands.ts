import { Circuit } from './circuit.ts'
import { inFrontOf } from './in-front-of.ts'
import { primaryOf } from './primary-of.ts'
import type { RedisArguments, RedisCommands } from './redis-commands.ts'
import { CommandTimeoutError, within } from './within.ts'

/**
 * Gives every command a deadline, as the clients' timers do not cover one that was sent already, and every primary a circuit
 * of its own: one that is silent must not take the sessions of the others with it. Replies after the deadline change nothing.
 */
export function guardCommands(commands: RedisCommands, timeout: number): RedisCommands {
  const circuits = new Map<string | undefined, Circuit>()

  function circuitOf(key: string | undefined): Circuit {
    const name = primaryOf(commands, key)
    const circuit = circuits.get(name) ?? new Circuit((error) => commands.isErrorReply(error), askForLife)
    circuits.set(name, circuit)
    return circuit
  }

  function askForLife(key: string | undefined): Promise<unknown> {
    if (!commands.primaryOfSlot || key === undefined) return commands.send(undefined, ['PING'])
    // By the key, which another primary may have by now.
    commands.rediscover?.(key).catch(() => {})
    return commands.send(key, ['EXISTS', key])
  }

  function send(key: string | undefined, args: RedisArguments): Promise<unknown> {
    const circuit = circuitOf(key)
    if (circuit.isOpen) return Promise.reject(circuit.refusal())
    return new Promise((resolve, reject) => {
      const sent = commands.send(key, args)
      const { losses } = circuit
      let isOver = false
      const timer = setTimeout(() => {
        isOver = true
        const error = new CommandTimeoutError(timeout)
        circuit.failed(key, error)
        reject(error)
      }, timeout)
      sent.then(
        (reply) => {
          if (isOver) return
          clearTimeout(timer)
          circuit.answered()
          resolve(reply)
        },
        (error) => {
          if (isOver) return
          clearTimeout(timer)
          circuit.failed(key, error, losses)
          reject(error)
        },
      )
    })
  }

  return inFrontOf(commands, {
    send,
    ...(commands.primaries && {
      primaries: async () => {
        const primaries = (await within(timeout, async () => commands.primaries?.())) ?? []
        return primaries.map((primary) =>
          inFrontOf(primary, {
            send: (...call: Parameters<RedisCommands['send']>) =>
              within(timeout, () => primary.send(...call)),
          }),
        )
      },
    }),
  })
}
