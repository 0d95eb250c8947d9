import keySlot from 'cluster-key-slot'
import type { RedisCommands } from './redis-commands.ts'

/** A name for the primary that holds a key, as far as the client knows; `undefined` also where there is but one. */
export function primaryOf(
  { primaryOfSlot, keyPrefix = '' }: RedisCommands,
  key: string | undefined,
): string | undefined {
  return key === undefined ? undefined : primaryOfSlot?.(keySlot(keyPrefix + key))
}
