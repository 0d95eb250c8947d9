import type { LeadingIdle, SlideFields } from './store.ts'

/** What a value itself says of its deadline: a use moves it to min(now + idle, until). */
export interface Slide {
  /** Milliseconds without use. */
  idle: number
  /** Epoch ms after which no use helps; `Infinity` for none. */
  until: number
}

/** For stores, whose `read` moves the deadline as the option `extend` says. `undefined` where it cannot be read: such a value is left alone. */
export function slideOf(value: Uint8Array, fields: SlideFields | LeadingIdle): Slide | undefined {
  if ('lead' in fields) return leadingSlide(value, fields)
  const idle = readField(value, fields.idle)
  const until = readField(value, fields.until)
  return idle === undefined || until === undefined ? undefined : { idle: idle * 1000, until }
}

function readField(value: Uint8Array, [offset, length]: readonly [number, number]): number | undefined {
  const text = ascii(value, offset, length)
  return text.length === length && /^[0-9a-z]+$/i.test(text) ? Number.parseInt(text, 36) : undefined
}

const IDLE = /^(?:null|[1-9]\d{0,14})(?=[,}])/

function leadingSlide(value: Uint8Array, { lead, otherwise }: LeadingIdle): Slide | undefined {
  if (ascii(value, 0, lead.length) !== lead) return undefined
  const idle = IDLE.exec(ascii(value, lead.length, 16))?.[0]
  if (idle === undefined) return undefined
  return { idle: idle === 'null' ? otherwise : Number(idle), until: Number.POSITIVE_INFINITY }
}

const ascii = (value: Uint8Array, offset: number, length: number): string =>
  String.fromCharCode(...value.subarray(offset, offset + length))
