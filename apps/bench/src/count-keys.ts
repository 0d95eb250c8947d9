import type { EnumerableStore } from '@tegata/core'

/** How many sessions a store holds, one key after another. */
export async function countKeys(store: EnumerableStore, prefix: string): Promise<number> {
  let count = 0
  for await (const _ of store.keys(prefix)) count++
  return count
}
