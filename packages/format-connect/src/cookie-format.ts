import { assertStorable, createId, parseData, type SessionFormat, utf8 } from '@tegata/core'
import {
  type DateRule,
  RESERVED,
  readCookieValue,
  type StoredCookie,
  writeCookieValue,
} from './cookie-member.ts'
import { assertOptions } from './options.ts'
import { stringifyBeside, without } from './value-text.ts'

export interface CookieFormatOptions {
  /** What every key begins with: connect-redis' option of that name. Default `'sess:'`. */
  prefix?: string
  /**
   * The option `cookie` of the other library, whose servers go by what is stored: they send the cookies of sessions that
   * began here with these attributes. Default `{ httpOnly: true, path: '/' }`, and `secure: true` with @fastify/session.
   */
  cookie?: StoredCookie
  /** Whether a text can be an id. Default: 16 to 128 letters, digits, `-` and `_`; widen it for a generator that makes others. */
  isId?: (text: string) => boolean
  /** Top-level keys of the data that say whose session it is. Default `['passport']`. */
  identityKeys?: readonly string[]
}

/** What the default generators make, UUIDs included. */
export const isUsualId = (text: string): boolean => /^[\w-]{16,128}$/.test(text)

/** How long a session lives is said by the manager, whatever the other library's option says beside the attributes. */
function attributesOf(cookie: StoredCookie = {}): StoredCookie {
  const { maxAge: _, expires: __, originalMaxAge: ___, ...attributes } = cookie as Record<string, unknown>
  return attributes
}

/** Sessions that lie as JSON with a member `cookie`, under a prefix and the id. */
export function cookieFormat(name: string, rule: DateRule, options: CookieFormatOptions): SessionFormat {
  const { prefix = 'sess:', isId = isUsualId, identityKeys = ['passport'], cookie, ...others } = options
  assertOptions(`the format ${name}`, { prefix, isId, identityKeys }, others)
  const fresh: StoredCookie = { httpOnly: true, path: '/', ...attributesOf(cookie) }
  return {
    name,
    prefix,
    identityKeys,
    statesDeadline: rule === 'kept',
    createId,
    isId,
    keyOf: (id) => prefix + id,
    serialize: (data) => stringifyBeside(data, RESERVED),
    deserialize: (serialized) => without(parseData(serialized as string), RESERVED),
    assertStorable,
    encode: (header, serialized, key) =>
      utf8(writeCookieValue(header, serialized as string, key, { fresh, rule })),
    decode: (value, key) => readCookieValue(value, key, rule),
    expected: (value) => ({ whole: value }),
  }
}
