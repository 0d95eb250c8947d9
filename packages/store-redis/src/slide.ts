import type { SlideFields } from '@tegata/core'

/** What two fields of a value say of its deadline. */
export interface Slide {
  /** Milliseconds without use. */
  idle: number
  /** Epoch ms after which no use helps. */
  until: number
}

/** `undefined` where the fields cannot be read. */
export function slideOf(value: Uint8Array, fields: SlideFields): Slide | undefined {
  const idle = field(value, fields.idle)
  const until = field(value, fields.until)
  return idle === undefined || until === undefined ? undefined : { idle: idle * 1000, until }
}

function field(value: Uint8Array, [offset, length]: readonly [number, number]): number | undefined {
  const text = String.fromCharCode(...value.subarray(offset, offset + length))
  return text.length === length && /^[0-9a-z]+$/i.test(text) ? Number.parseInt(text, 36) : undefined
}
