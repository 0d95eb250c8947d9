/** What a call costs, in the values that it touches. */
type Cost = (self: { length?: number; size?: number }, args: readonly unknown[], result: unknown) => number

const one: Cost = () => 1
const sizeOfResult: Cost = (_, __, result) => 1 + (result as { length: number }).length
const lengthOfSelf: Cost = (self) => 1 + (self.length ?? 0)
const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype)

const counted: [object, string[], Cost][] = [
  [Array.prototype, ['push', 'pop'], one],
  [Array.prototype, ['slice', 'map', 'filter', 'flatMap'], sizeOfResult],
  [Array.prototype, ['sort', 'every', 'includes', 'indexOf', 'splice'], lengthOfSelf],
  [Map.prototype, ['get', 'set', 'has', 'delete'], one],
  [Set.prototype, ['add', 'has', 'delete'], one],
  [typedArray, ['indexOf'], (_, [, from], result) => 1 + Math.max(0, Number(result) - Number(from))],
  [typedArray, ['set'], (_, [source]) => 1 + (source as { length: number }).length],
  [Object, ['keys', 'entries'], sizeOfResult],
  [Object, ['hasOwn', 'defineProperty', 'getPrototypeOf'], one],
  [Array, ['from'], sizeOfResult],
]

/**
 * Runs a function, and counts how many values the built-in methods touch for it: a measure of time that no busy machine
 * changes. What is not counted are single instructions between them.
 */
export function countSteps(run: () => void): number {
  let steps = 0
  const restore = counted.flatMap(([object, names, cost]) =>
    names.map((name) => {
      const original = Reflect.get(object, name) as (...args: unknown[]) => unknown
      const replacement = function (this: unknown, ...args: unknown[]) {
        const result = Reflect.apply(original, this, args)
        steps += cost(this as { length?: number }, args, result)
        return result
      }
      Reflect.set(object, name, replacement)
      return () => Reflect.set(object, name, original)
    }),
  )
  try {
    run()
  } finally {
    for (const put of restore) put()
  }
  return steps
}
