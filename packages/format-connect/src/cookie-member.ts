import type { DecodedSession, SessionHeader } from '@tegata/core'
import { parseData, type SessionData, SessionValueError } from '@tegata/core'
import { lifetimeOf, ownMember, readHeader } from './own-member.ts'
import { innerText, textOf } from './value-text.ts'

/** Attributes of the other library's cookie, which its values repeat and its servers go by. */
export interface StoredCookie {
  path?: string
  httpOnly?: boolean
  secure?: boolean
  sameSite?: 'lax' | 'strict' | 'none' | boolean
  domain?: string
  partitioned?: boolean
  priority?: 'low' | 'medium' | 'high'
}

/** Whether a date in the cookie member slides with every use, or is kept where there is no `originalMaxAge` beside it. */
export type DateRule = 'slides' | 'kept'

export const RESERVED = ['cookie', '_tegata'] as const

/** Flat objects at the start, as these libraries write them, are cut off without parsing the rest. */
const START = /^\{"cookie":(\{[^{}]*\})(?:,"_tegata":(\{[^{}]*\}))?(?:,(?=")|\}$)/

interface Parts {
  cookie: unknown
  own: unknown
  serialized: string
}

/** Reads `{"cookie":{…},…data}`. Throws a `SessionValueError`. */
export function readCookieValue(value: Uint8Array, key: string, rule: DateRule): DecodedSession {
  const text = textOf(value)
  const { cookie, own, serialized } = cutStart(text) ?? parseWhole(text)
  if (typeof cookie !== 'object' || cookie === null || Array.isArray(cookie)) {
    throw new SessionValueError('The stored session has no cookie member.')
  }
  const { originalMaxAge, expires, ...extras } = cookie as Record<string, unknown>
  const maxAge = durationOf(originalMaxAge)
  const date = timeOf(expires)
  // express-session takes an unlimited life for the browser's, whatever date is left beside it.
  const isUndated = rule === 'slides' && maxAge === undefined
  const header = readHeader({ maxAge, expires: isUndated ? undefined : date }, own, key)
  return { header: { ...header, extras }, serialized }
}

/** Writes it; what is new gets the attributes of `fresh`. */
export function writeCookieValue(
  header: SessionHeader,
  serialized: string,
  key: string,
  { fresh, rule }: { fresh: StoredCookie; rule: DateRule },
): string {
  const { maxAge, expires } = lifetimeOf(header)
  const isKept = rule === 'kept' && header.expiry instanceof Date
  const cookie = {
    originalMaxAge: isKept ? null : (maxAge ?? null),
    expires: expires === undefined ? null : new Date(expires).toISOString(),
    ...(header.extras ?? fresh),
  }
  return `{"cookie":${JSON.stringify(cookie)},"_tegata":${ownMember(header, key)}${innerText(serialized)}}`
}

function cutStart(text: string): Parts | undefined {
  const [start, cookie, own] = START.exec(text) ?? []
  if (start === undefined || cookie === undefined) return undefined
  const serialized =
    start.endsWith('}') && start.length === text.length ? '{}' : `{${text.slice(start.length)}`
  // Twice, or further back: for the parser to say which one counts.
  if (RESERVED.some((name) => serialized.includes(`"${name}":`)) || !serialized.endsWith('}'))
    return undefined
  try {
    return { cookie: parseData(cookie), own: own === undefined ? undefined : parseData(own), serialized }
  } catch {
    return undefined
  }
}

function parseWhole(text: string): Parts {
  const { cookie, _tegata, ...data } = parseData(text) as SessionData & { _tegata?: unknown }
  return { cookie, own: _tegata, serialized: JSON.stringify(data) }
}

function durationOf(maxAge: unknown): number | undefined {
  if (maxAge === null || maxAge === undefined) return undefined
  if (typeof maxAge === 'number' && Number.isFinite(maxAge)) return maxAge
  throw new SessionValueError('The cookie of the stored session has a maxAge that is no number.')
}

function timeOf(expires: unknown): number | undefined {
  if (expires === null || expires === undefined) return undefined
  const time = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  if (Number.isNaN(time)) throw new SessionValueError('The cookie of the stored session has no valid date.')
  return time
}
