import { isIndexLike, keysInOrder, rememberOrder } from '../pickle/dict-order.ts'

/**
 * An object of keys that anyone may have written: `__proto__` is one like any other, and Python's order is remembered. Of
 * a key that comes twice the last value counts.
 */
export function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const members = new Map(entries)
  const object: Record<string, unknown> = {}
  for (const [key, value] of members) {
    if (key !== '__proto__') object[key] = value
    else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  }
  const keys = [...members.keys()]
  if (keys.some(isIndexLike)) rememberOrder(object, keys)
  return object
}

/** Entries of what Python writes as a dict, in its order: an object literal, a Map. `undefined` for anything else. */
export function entriesOf(value: object): [unknown, unknown][] | undefined {
  if (value instanceof Map) return [...value]
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const object = value as Record<string, unknown>
  return keysInOrder(object)
    .filter((key) => object[key] !== undefined)
    .map((key) => [key, object[key]])
}
