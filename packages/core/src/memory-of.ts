/** What V8 takes on machines of 64 bits, roughly, and rather too much. */
const SLOT = 8
const OBJECT = 64
const PROPERTY = 24
/** An object of more members is mostly a dictionary, by keys that no other session has. */
const MOST_NAMED = 20
const PROPERTY_OF_ITS_OWN = 80
const ARRAY = 64
const TEXT = 32
const WIDE = /[^\0-\xff]/

/** Bytes of memory that a value takes with all that it holds. */
export function memoryOf(value: unknown): number {
  return taken(value, new Set())
}

export const memoryOfText = (text: string): number => TEXT + (WIDE.test(text) ? 2 : 1) * text.length

function taken(value: unknown, seen: Set<object>): number {
  if (typeof value === 'string') return memoryOfText(value)
  if (typeof value === 'bigint') return TEXT + value.toString(16).length
  if (typeof value !== 'object' || value === null) return Number.isSafeInteger(value) ? 0 : SLOT
  if (seen.has(value)) return 0
  seen.add(value)
  if (value instanceof Uint8Array) return 3 * OBJECT + value.buffer.byteLength
  let bytes = Array.isArray(value) ? ARRAY : OBJECT
  if (Array.isArray(value)) {
    // Room to grow.
    for (const item of value) bytes += 1.5 * SLOT + taken(item, seen)
  } else if (value instanceof Map || value instanceof Set) {
    for (const [key, item] of value.entries()) bytes += OBJECT + taken(key, seen) + taken(item, seen)
  } else {
    const keys = Object.keys(value)
    const property = keys.length > MOST_NAMED ? PROPERTY_OF_ITS_OWN : PROPERTY
    for (const key of keys) {
      bytes += property + key.length + taken((value as Record<string, unknown>)[key], seen)
    }
  }
  return bytes
}
