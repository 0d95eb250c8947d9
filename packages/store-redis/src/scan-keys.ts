import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import { storeFailure } from './store-failure.ts'

/** How many keys Redis looks at per step: a fraction of a millisecond in which it serves nobody else. */
const STEP = '500'

/**
 * Every key that begins with `prefix` and lives throughout; some may come twice. Of a Cluster one primary after another: a key
 * whose slot is moved meanwhile may be missed.
 */
export async function* scanKeys(commands: RedisCommands, prefix: string): AsyncGenerator<string> {
  const { keyPrefix = '' } = commands
  for (const primary of await primariesOf(commands)) yield* scanOne(primary, keyPrefix, prefix)
}

async function primariesOf(commands: RedisCommands): Promise<readonly RedisCommands[]> {
  if (!commands.primaries) return [commands]
  try {
    return await commands.primaries()
  } catch (cause) {
    throw storeFailure(commands, cause, 'not-applied')
  }
}

async function* scanOne(commands: RedisCommands, keyPrefix: string, prefix: string): AsyncGenerator<string> {
  const pattern = `${(keyPrefix + prefix).replace(/[\\*?[\]]/g, '\\$&')}*`
  let cursor = '0'
  do {
    let reply: unknown
    try {
      reply = await commands.send(undefined, ['SCAN', cursor, 'MATCH', pattern, 'COUNT', STEP])
    } catch (cause) {
      throw storeFailure(commands, cause, 'not-applied')
    }
    const [next, keys] = reply as [unknown, unknown[]]
    cursor = text(next)
    for (const key of keys) yield text(key).slice(keyPrefix.length)
  } while (cursor !== '0')
}
