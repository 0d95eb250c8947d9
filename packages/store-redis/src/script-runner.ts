import { utf8ToBytes } from '@noble/hashes/utils.js'
import { StoreUnavailableError, type WriteOutcome } from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import { type ScriptName, scripts } from './scripts.ts'
import { ServerClock } from './server-clock.ts'
import { sha1Hex } from './sha1.ts'
import { hasCode, storeFailure } from './store-failure.ts'

export interface ScriptCall {
  keys: readonly [string, ...string[]]
  args: readonly (string | Uint8Array)[]
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

/** Two keys of a slot that is on its way to another server: refused until both are there. */
const TRY_AGAIN_AFTER_MS = 50
const TRY_AGAIN_TIMES = 20

/** Runs the scripts in one round trip each, and keeps to the time a caller has. */
export function scriptRunner(commands: RedisCommands, now: () => number): RunScript {
  const clock = new ServerClock()
  const digests = new Map<ScriptName, string>()

  async function send(name: ScriptName, keys: ScriptCall['keys'], args: ScriptCall['args']) {
    const operands = [String(keys.length), ...keys, ...args]
    const digest = digests.get(name)
    if (digest !== undefined) {
      try {
        return await commands.send(keys[0], ['EVALSHA', digest, ...operands])
      } catch (error) {
        // Restarted, flushed, failed over, or evicted by newer scripts.
        if (!commands.isErrorReply(error) || !hasCode(error, 'NOSCRIPT')) throw error
      }
    }
    // The first call of a process sends the text at once: asking by digest first could cost it a second round trip.
    const reply = await commands.send(keys[0], ['EVAL', scripts[name], ...operands])
    digests.set(name, digest ?? sha1Hex(utf8ToBytes(scripts[name])))
    return reply
  }

  async function sendAgain(
    name: ScriptName,
    keys: ScriptCall['keys'],
    args: ScriptCall['args'],
    giveUpAt: number,
  ) {
    for (let again = 0; ; again++) {
      try {
        return await send(name, keys, args)
      } catch (error) {
        const isOnItsWay = commands.isErrorReply(error) && hasCode(error, 'TRYAGAIN')
        if (!isOnItsWay || again === TRY_AGAIN_TIMES || now() >= giveUpAt) throw error
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_AFTER_MS))
      }
    }
  }

  return async (name, { keys, args, notAfter = Number.POSITIVE_INFINITY, ifLost }) => {
    for (let attempt = 1; ; attempt++) {
      const sentAt = now()
      const { from, until } = clock.window(sentAt, notAfter)
      const window = Number.isFinite(until) ? [String(from), String(until)] : ['', '']
      let reply: unknown
      try {
        reply = await sendAgain(name, keys, [...window, ...args], notAfter)
      } catch (cause) {
        throw storeFailure(commands, cause, ifLost)
      }
      const receivedAt = now()
      const [outcome, serverTime, ...rest] = reply as [Uint8Array, unknown, ...unknown[]]
      if (Number(serverTime) > 0) clock.learn(Number(serverTime), sentAt, receivedAt)
      const word = text(outcome)
      if (word !== 'late') return [word, ...rest]
      // With time left by our own clock it was the estimate that was wrong, and this very reply has put it right.
      if (attempt === 2 || receivedAt >= notAfter) {
        throw new StoreUnavailableError('Redis got to a write for a session after its time, and refused it.')
      }
    }
  }
}
