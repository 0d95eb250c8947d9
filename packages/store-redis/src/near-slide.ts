import type { SlideFields } from '@tegata/core'

/** Milliseconds. */
export const MOST_LAG = 60_000

/** By how much a deadline may lag behind what a rolling read asks for: 1 % of the idle time, a minute at most. */
export const lagOf = (idleMs: number): number => Math.min(idleMs / 100, MOST_LAG)

/** Where two fields of a value say that its deadline may go, and by how much it may lag behind; `undefined` where they cannot be read. */
export function slideOf(
  value: Uint8Array,
  fields: SlideFields,
  now: number,
): { target: number; lag: number } | undefined {
  const idle = field(value, fields.idle)
  const until = field(value, fields.until)
  if (idle === undefined || until === undefined) return undefined
  return { target: Math.min(now + idle * 1000, until), lag: lagOf(idle * 1000) }
}

function field(value: Uint8Array, [offset, length]: readonly [number, number]): number | undefined {
  const text = String.fromCharCode(...value.subarray(offset, offset + length))
  return text.length === length && /^[0-9a-z]+$/i.test(text) ? Number.parseInt(text, 36) : undefined
}
