import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import { storeFailure } from './store-failure.ts'

/** How many keys Redis looks at per step: a fraction of a millisecond in which it serves nobody else. */
const STEP = '1000'

/** Every key that begins with `prefix` and lives throughout; some may come twice. */
export async function* scanKeys(commands: RedisCommands, prefix: string): AsyncGenerator<string> {
  const { keyPrefix = '' } = commands
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
