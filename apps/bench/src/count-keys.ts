import { type EnumerableStore, isIndexKey } from '@tegata/core'

/** How many sessions a store holds, one key after another. */
export async function countKeys(store: EnumerableStore, prefix: string): Promise<number> {
  let count = 0
  for await (const key of store.keys(prefix)) if (!isIndexKey(key, prefix)) count++
  return count
}
