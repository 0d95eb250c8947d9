import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { RedisCommands } from './redis-commands.ts'
import { sha1Hex } from './sha1.ts'
import { hasCode } from './store-failure.ts'

export type ScriptKeys = readonly [string, ...string[]]
export type ScriptArguments = readonly (string | Uint8Array)[]

/** Runs a script in one round trip and answers its reply; rejects as commands do. `giveUpAt` in epoch ms. */
export type SendScript = (
  script: string,
  keys: ScriptKeys,
  args: ScriptArguments,
  giveUpAt?: number,
) => Promise<unknown>

/** Two keys of a slot that is on its way to another server: refused until both are there. */
const TRY_AGAIN_AFTER_MS = 50
const TRY_AGAIN_TIMES = 20

export function scriptSender(commands: RedisCommands, now: () => number): SendScript {
  const digests = new Map<string, string>()

  async function send(script: string, keys: ScriptKeys, args: ScriptArguments) {
    const operands = [String(keys.length), ...keys, ...args]
    const digest = digests.get(script)
    if (digest !== undefined) {
      try {
        return await commands.send(keys[0], ['EVALSHA', digest, ...operands])
      } catch (error) {
        // Restarted, flushed, failed over, or evicted by newer scripts.
        if (!commands.isErrorReply(error) || !hasCode(error, 'NOSCRIPT')) throw error
      }
    }
    // The first call of a process sends the text at once: asking by digest first could cost it a second round trip.
    const reply = await commands.send(keys[0], ['EVAL', script, ...operands])
    digests.set(script, digest ?? sha1Hex(utf8ToBytes(script)))
    return reply
  }

  return async (script, keys, args, giveUpAt = Number.POSITIVE_INFINITY) => {
    for (let again = 0; ; again++) {
      try {
        return await send(script, keys, args)
      } catch (error) {
        const isOnItsWay = commands.isErrorReply(error) && hasCode(error, 'TRYAGAIN')
        if (!isOnItsWay || again === TRY_AGAIN_TIMES || now() >= giveUpAt) throw error
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_AFTER_MS))
      }
    }
  }
}
