/**
 * JavaScript moves keys that look like array indexes (`'10'`, `'2'`) to the front of an object, in the order of their numbers;
 * Python keeps the order of insertion. The object is what people work with, so Python's order is remembered beside it, and lost
 * without harm when the object is copied: two dicts that differ in their order alone are equal.
 */
const orders = new WeakMap<object, readonly string[]>()

/** Whether JavaScript may move a key out of its place. */
export function isIndexLike(key: string): boolean {
  const first = key.charCodeAt(0)
  return first >= 0x30 && first <= 0x39 && /^(?:0|[1-9]\d{0,9})$/.test(key)
}

/** Keeps `order`, the keys of `object` in the order of a dict. */
export function rememberOrder(object: object, order: readonly string[]): void {
  orders.set(object, order)
}

/** The own enumerable string keys, in the order they had in Python, new ones at the end. */
export function keysInOrder(object: object): string[] {
  const keys = Object.keys(object)
  // Index-like keys come first: without one, nothing has been moved.
  if (keys.length < 2 || !isIndexLike(keys[0] as string)) return keys
  const order = orders.get(object)
  if (order === undefined) return keys
  const left = new Set(keys)
  return [...order.filter((key) => left.delete(key)), ...left]
}
