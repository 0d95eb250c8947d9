/** Whether two decoded values are equal in meaning, whatever the order of keys. `NaN` equals itself, `-0` is not `0`. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const prototype = Object.getPrototypeOf(a)
  if (prototype !== Object.getPrototypeOf(b)) return false
  // First what most are.
  if (prototype === Object.prototype) return sameContents(a as Contents, b as Contents)
  if (Array.isArray(a)) return sameItems(a, b as unknown[])
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  if (a instanceof Uint8Array) return sameBytes(a, b as Uint8Array)
  if (a instanceof Map) return sameEntries([...a], [...(b as Map<unknown, unknown>)])
  if (a instanceof Set) return sameMembers([...a], [...(b as Set<unknown>)])
  return sameContents(a as Contents, b as Contents)
}

type Contents = Record<string, unknown>

/**
 * Asked of whole sessions at each request: without lists of their keys, and without asking whose a member is where its value tells.
 * What is inherited both inherit from the same prototype.
 */
function sameContents(a: Contents, b: Contents): boolean {
  let more = 0
  for (const key in a) {
    const other = b[key]
    if (!same(a[key], other) || (other === undefined && !Object.hasOwn(b, key))) return false
    more++
  }
  for (const _ in b) more--
  return more === 0
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false
  return true
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const sameEntries = (a: [unknown, unknown][], b: [unknown, unknown][]) =>
  a.length === b.length && a.every(([key, value]) => b.some(([k, v]) => same(key, k) && same(value, v)))

const sameMembers = (a: unknown[], b: unknown[]) =>
  a.length === b.length && a.every((member) => b.some((other) => same(member, other)))
