import { base64url } from './bytes.ts'
import type { Expiry, SessionHeader } from './format.ts'
import type { SlideFields } from './store.ts'

/**
 * The head of a native value: a text of fixed-width fields at fixed offsets, so that Redis can compare a stamp and
 * slide a deadline without parsing. Times are base 36, which keeps the whole overhead at 48 bytes (Redis' memory
 * steps at 252 bytes of value):
 *
 *     stamp (16) . idle seconds (6) . until, epoch ms (9) . created, epoch ms (9) [ space, details as a query string ]
 *
 * The stamp is the time of the write (9) and 42 random bits (7): unlike any other of the same key.
 */
export const HEAD_LENGTH = 43
const STAMP_LENGTH = 16
/** `["` comes first in the value. */
const OFFSET = 2

export const STAMP_END = OFFSET + STAMP_LENGTH
export const slideFields: SlideFields = { idle: [OFFSET + 17, 6], until: [OFFSET + 24, 9] }

/** No write of this century has a stamp that begins so: times begin with a 0 until the year 2059. */
export const ENDED = 'ended'

const MAX_IDLE = 36 ** 6 - 1
const MAX_TIME = 36 ** 9 - 1

const field = (value: number, width: number) =>
  Math.min(Math.ceil(value), 36 ** width - 1)
    .toString(36)
    .padStart(width, '0')

const HEAD = /^(?:ended[\w-]{4}|[0-9a-z]{9})[\w-]{7}\.[0-9a-z]{6}\.[0-9a-z]{9}\.[0-9a-z]{9}(?: |$)/

export function writeStamp(now: number, random: (bytes: number) => Uint8Array): string {
  return field(now, 9) + base64url(random(6)).slice(0, 7)
}

export function writeEndStamp(random: (bytes: number) => Uint8Array): string {
  return ENDED + base64url(random(9)).slice(0, STAMP_LENGTH - ENDED.length)
}

export function writeHead(stamp: string, header: SessionHeader): string {
  return `${stamp}.${field(header.idle, 6)}.${field(header.until, 9)}.${field(header.createdAt, 9)}`
}

/** What only some sessions have, as `owner=…&at=…&label=…&expiry=…`; empty for an anonymous one. */
export function writeDetails(header: SessionHeader): string {
  const details = new URLSearchParams()
  if (header.owner !== undefined) details.set('owner', header.owner)
  if (header.authenticatedAt !== undefined) details.set('at', header.authenticatedAt.toString(36))
  if (header.label !== undefined) details.set('label', header.label)
  if (header.expiry !== undefined) details.set('expiry', writeExpiry(header.expiry))
  return details.toString()
}

/** The fields of a head, all but its details; `undefined` for a text that is none. */
export function readHead(head: string): SessionHeader | undefined {
  if (!HEAD.test(head)) return undefined
  const idle = read(head, 17, 6)
  const until = read(head, 24, 9)
  return {
    writtenAt: read(head, 0, 9),
    createdAt: read(head, 34, 9),
    idle: idle === MAX_IDLE ? Number.POSITIVE_INFINITY : idle,
    until: until === MAX_TIME ? Number.POSITIVE_INFINITY : until,
  }
}

const read = (head: string, offset: number, length: number) =>
  Number.parseInt(head.slice(offset, offset + length), 36)

/** What stands behind the fields. */
export const detailsOf = (head: string): string => head.slice(HEAD_LENGTH + 1)

export function readDetails(details: string, header: SessionHeader): void {
  if (details === '') return
  const fields = new URLSearchParams(details)
  const owner = fields.get('owner')
  const at = fields.get('at')
  const label = fields.get('label')
  const expiry = fields.get('expiry')
  if (owner !== null) header.owner = owner
  if (at !== null) header.authenticatedAt = Number.parseInt(at, 36)
  if (label !== null) header.label = label
  if (expiry !== null) header.expiry = readExpiry(expiry)
}

function writeExpiry(expiry: Exclude<Expiry, undefined>): string {
  if (expiry instanceof Date) return `@${expiry.getTime()}`
  return String(expiry)
}

function readExpiry(text: string): Expiry {
  if (text === 'browser') return text
  if (text.startsWith('@')) return new Date(Number(text.slice(1)))
  return Number(text)
}
