import { isIndexLike, rememberOrder } from './dict-order.ts'
import type { Hasher } from './hasher.ts'

/**
 * Fills dicts: plain objects as long as every key is a plain string, and a Map from the first other key on. A pickle makes a dict
 * before its items are known, so a Map takes the place of an object that may already have a number in the memo.
 */
export class DictFiller {
  readonly #hasher: Hasher
  #moved: Map<unknown, Map<unknown, unknown>> | undefined
  /** Of objects with index-like keys: all keys in the order of insertion. */
  #orders: Map<object, string[]> | undefined

  constructor(hasher: Hasher) {
    this.#hasher = hasher
  }

  isDict(value: unknown): value is object {
    return (
      typeof value === 'object' &&
      value !== null &&
      (Object.getPrototypeOf(value) === Object.prototype || value instanceof Map)
    )
  }

  /** What now stands for a value of the memo. */
  current(value: unknown): unknown {
    return this.#moved?.get(value) ?? value
  }

  /** Whether a Map has taken the place of this object, which nothing should refer to any more. */
  isMoved(value: object): boolean {
    return this.#moved?.has(value) ?? false
  }

  /** Sets the keys and values that alternate in `items` from `start` to `end`, and answers the dict that holds them. */
  fill(dict: object, items: readonly unknown[], start: number, end: number): object {
    let i = start
    if (!(dict instanceof Map)) {
      for (; i < end; i += 2) {
        const key = items[i]
        if (typeof key !== 'string') break
        this.#set(dict as Record<string, unknown>, key, items[i + 1])
      }
      if (i === end) return dict
    }
    const map = dict instanceof Map ? dict : this.#move(dict)
    for (; i < end; i += 2) this.#hasher.put(map, items[i], items[i + 1])
    return map
  }

  rememberOrders(): void {
    if (this.#orders) for (const [object, order] of this.#orders) rememberOrder(object, order)
  }

  #set(object: Record<string, unknown>, key: string, value: unknown): void {
    if (this.#orders || isIndexLike(key)) this.#note(object, key)
    if (key === '__proto__') {
      // Assignment would call the setter that objects inherit.
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
    } else {
      object[key] = value
    }
  }

  #note(object: object, key: string): void {
    this.#orders ??= new Map()
    let order = this.#orders.get(object)
    if (order === undefined) {
      if (!isIndexLike(key)) return
      order = Object.keys(object)
      this.#orders.set(object, order)
    }
    if (!Object.hasOwn(object, key)) order.push(key)
  }

  #move(object: object): Map<unknown, unknown> {
    const keys = this.#orders?.get(object) ?? Object.keys(object)
    const map = new Map<unknown, unknown>(keys.map((key) => [key, (object as Record<string, unknown>)[key]]))
    this.#orders?.delete(object)
    this.#moved ??= new Map()
    this.#moved.set(object, map)
    return map
  }
}
