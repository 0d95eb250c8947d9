import {
  assertStorable,
  type DecodedSession,
  parseData,
  type SessionFormat,
  type SessionHeader,
  SessionValueError,
  utf8,
} from '@tegata/core'
import { isUsualId } from './cookie-format.ts'
import { assertOptions } from './options.ts'
import { lifetimeOf, ownMember, readHeader } from './own-member.ts'
import { createUuid } from './uuid.ts'
import { innerText, stringifyBeside, textOf, without } from './value-text.ts'

export interface KoaSessionFormatOptions {
  /** koa-session's option of that name, which becomes part of the id and so of the cookie. Default `''`. */
  prefix?: string
  /** What the store puts before the id: koa-generic-session's `koa:sess:`, or nothing as in koa-redis. Default `''`. */
  keyPrefix?: string
  /** Whether a text (without `prefix`) can be an id. Default: 16 to 128 letters, digits, `-` and `_`; widen it for a `genid`. */
  isId?: (text: string) => boolean
  /** Top-level keys of the data that say whose session it is. Default `['passport']`. */
  identityKeys?: readonly string[]
}

/** koa-session loses members that begin with `_` at its next save, so that ours begins otherwise. */
const OWN = '$tegata'
const RESERVED = [OWN, '_expire', '_maxAge', '_session']

/** What koa-session adds at the end, cut off without parsing the rest. */
const END = /,?"_expire":(\d+),"_maxAge":(\d+)\}$/
const START = /^\{"\$tegata":(\{[^{}]*\})(?:,(?=")|\}$)/

interface Parts {
  own: unknown
  expire: unknown
  maxAge: unknown
  isBrowsers: boolean
  serialized: string
}

/** Sessions as koa-session stores them: `<id>` → JSON with the members `_expire` and `_maxAge`. */
export function koaSessionFormat(options: KoaSessionFormatOptions = {}): SessionFormat {
  const { prefix = '', keyPrefix = '', isId = isUsualId, identityKeys = ['passport'], ...others } = options
  assertOptions('the format koa-session', { prefix, isId, identityKeys }, others)
  if (typeof keyPrefix !== 'string') {
    throw new TypeError('The option `keyPrefix` of the format koa-session must be a string.')
  }
  return {
    name: 'koa-session',
    prefix: keyPrefix + prefix,
    identityKeys,
    statesDeadline: true,
    createId: (random) => prefix + createUuid(random),
    isId: (text) => text.startsWith(prefix) && isId(text.slice(prefix.length)),
    keyOf: (id) => keyPrefix + id,
    serialize: (data) => stringifyBeside(data, RESERVED),
    deserialize: (serialized) => without(parseData(serialized as string), RESERVED),
    assertStorable,
    encode: (header, serialized, key) => utf8(write(header, serialized as string, key)),
    decode,
    expected: (value) => ({ whole: value }),
  }
}

function write(header: SessionHeader, serialized: string, key: string): string {
  const { maxAge, expires } = lifetimeOf(header)
  const life = maxAge === undefined ? '"_session":true' : `"_expire":${expires},"_maxAge":${maxAge}`
  return `{"${OWN}":${ownMember(header, key)}${innerText(serialized)},${life}}`
}

function decode(value: Uint8Array, key: string): DecodedSession {
  const text = textOf(value)
  const { own, expire, maxAge, isBrowsers, serialized } = cut(text) ?? parseWhole(text)
  const isDated = isTime(expire) && isTime(maxAge)
  if (!isDated && !(isBrowsers && expire === undefined && maxAge === undefined)) {
    throw new SessionValueError('The stored session does not say when it ends.')
  }
  const lifetime = {
    maxAge: isDated ? (maxAge as number) : undefined,
    expires: isDated ? (expire as number) : undefined,
  }
  return { header: readHeader(lifetime, own, key), serialized }
}

function cut(text: string): Parts | undefined {
  const end = END.exec(text)
  if (!end) return undefined
  const body = `${text.slice(0, end.index)}}`
  const [start = '', own] = START.exec(body) ?? []
  const serialized = start.endsWith('}') ? '{}' : `{${body.slice(start.length || 1)}`
  if (!body.startsWith('{') || RESERVED.some((name) => serialized.includes(`"${name}":`))) return undefined
  try {
    return {
      own: own === undefined ? undefined : parseData(own),
      expire: Number(end[1]),
      maxAge: Number(end[2]),
      isBrowsers: false,
      serialized,
    }
  } catch {
    return undefined
  }
}

function parseWhole(text: string): Parts {
  const { [OWN]: own, _expire: expire, _maxAge: maxAge, _session, ...data } = parseData(text)
  return { own, expire, maxAge, isBrowsers: _session === true, serialized: JSON.stringify(data) }
}

const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
