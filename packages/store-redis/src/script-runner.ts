import { StoreUnavailableError, type WriteOutcome } from '@tegata/core'
import { primaryOf } from './primary-of.ts'
import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import type { ScriptArguments, ScriptKeys, SendScript } from './script-sender.ts'
import { ServerClock } from './server-clock.ts'
import { storeFailure } from './store-failure.ts'
import { type ScriptName, scripts } from './write-scripts.ts'

export interface ScriptCall {
  keys: ScriptKeys
  args: ScriptArguments
  /** Epoch ms of our clock by which the caller gives up. */
  notAfter?: number | undefined
  /** What is known of the call when its reply is lost. */
  ifLost: WriteOutcome
}

/** The outcome of a script, and what it said beside it. */
export type ScriptReply = readonly [outcome: string, ...rest: unknown[]]

/** Milliseconds left until then, as the scripts take them. */
export type Left = (expiresAt: number) => string

export type RunScript = (name: ScriptName, call: ScriptCall) => Promise<ScriptReply>

/** Runs the scripts that write, and keeps to the time a caller has. */
export function scriptRunner(commands: RedisCommands, send: SendScript, now: () => number): RunScript {
  const clocks = new Map<string | undefined, ServerClock>()

  /** Of the primary that holds `key`: those of a Cluster need not agree either. */
  function clockOf(key: string): ServerClock {
    const primary = primaryOf(commands, key)
    const clock = clocks.get(primary) ?? new ServerClock()
    clocks.set(primary, clock)
    return clock
  }

  return async (name, { keys, args, notAfter = Number.POSITIVE_INFINITY, ifLost }) => {
    for (let attempt = 1; ; attempt++) {
      const sentAt = now()
      const { from, until } = clockOf(keys[0]).window(sentAt, notAfter)
      const window = Number.isFinite(until) ? [String(from), String(until)] : ['', '']
      let reply: unknown
      try {
        reply = await send(scripts[name], keys, [...window, ...args], notAfter)
      } catch (cause) {
        throw storeFailure(commands, cause, ifLost)
      }
      const receivedAt = now()
      const [outcome, serverTime, ...rest] = reply as [Uint8Array, unknown, ...unknown[]]
      // Who has answered may be another one than was asked first, and is known by now.
      if (Number(serverTime) > 0) clockOf(keys[0]).learn(Number(serverTime), sentAt, receivedAt)
      const word = text(outcome)
      if (word !== 'late') return [word, ...rest]
      // With time left by our own clock it was the estimate that was wrong, and this very reply has put it right.
      if (attempt === 2 || receivedAt >= notAfter) {
        throw new StoreUnavailableError('Redis got to a write for a session after its time, and refused it.')
      }
    }
  }
}
