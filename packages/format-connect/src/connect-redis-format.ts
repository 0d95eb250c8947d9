import { assertStorable, createId, parseData, type SessionFormat, utf8 } from '@tegata/core'
import { RESERVED, readCookieValue, type StoredCookie, writeCookieValue } from './cookie-member.ts'
import { stringifyBeside, without } from './value-text.ts'

export interface ConnectRedisFormatOptions {
  /** What every key begins with: connect-redis' option of that name. Default `'sess:'`. */
  prefix?: string
  /**
   * The option `cookie` of express-session, as its servers go by what is stored: they send the cookies of sessions that
   * began here with these attributes. Default `{ httpOnly: true, path: '/' }`.
   */
  cookie?: StoredCookie
  /** Whether a text can be an id. Default: 16 to 128 letters, digits, `-` and `_`; widen it for a `genid` that makes others. */
  isId?: (text: string) => boolean
  /** Top-level keys of the data that say whose session it is. Default `['passport']`. */
  identityKeys?: readonly string[]
}

const ID_PATTERN = /^[\w-]{16,128}$/

/** Sessions as express-session and connect-redis store them: `sess:<id>` → JSON with a member `cookie`. */
export function connectRedisFormat(options: ConnectRedisFormatOptions = {}): SessionFormat {
  const {
    prefix = 'sess:',
    cookie = {},
    isId = (text) => ID_PATTERN.test(text),
    identityKeys = ['passport'],
  } = options
  // Its `touch` moves the key's deadline alone, so that a date in the past says nothing.
  const rule = 'slides'
  const fresh: StoredCookie = { httpOnly: true, path: '/', ...cookie }
  return {
    name: 'connect-redis',
    prefix,
    identityKeys,
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
