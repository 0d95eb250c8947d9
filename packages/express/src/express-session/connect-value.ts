import {
  assertStorable,
  parseData,
  SessionDataError,
  type SessionFormat,
  type SessionHeader,
  SessionValueError,
} from '@tegata/core'
import type { StoredSession } from './types.ts'

/** `{"cookie":{…}` at the start of a value, where express-session writes it; a cookie holds no object. */
const COOKIE = /^\{"cookie":(\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})/

/** The JSON of the cookie that a session's JSON begins with, if it does. */
export const cookieOf = (text: string): string | undefined => COOKIE.exec(text)?.[1]

export interface ConnectValueOptions {
  /** What keys begin with; the id follows. */
  prefix: string
  /** Seconds that a session lasts whose cookie has no date. */
  idleTimeout: number
  createId(): string
}

/**
 * What express-session and connect-redis keep in Redis: the session as JSON, its cookie among the data. That cookie is the
 * session's own, attributes and all, and `req.session.cookie` shows and changes it; so it is data here as well.
 */
export function connectValueFormat({ prefix, idleTimeout, createId }: ConnectValueOptions): SessionFormat {
  return {
    name: 'express-session',
    prefix,
    identityKeys: ['passport'],
    createId,
    isId: (text) => text !== '',
    keyOf: (id) => prefix + id,
    serialize,
    deserialize: (serialized) => parseHarmless(serialized as string),
    encode(header, serialized) {
      const text = serialized as string
      assertReadable(text)
      return Buffer.from(dated(text, header.writtenAt))
    },
    decode(value) {
      const text = toText(value)
      return { header: headerOf(text, idleTimeout), serialized: text }
    },
    expected: (value) => ({ whole: value }),
    leadingIdle: { lead: '{"cookie":{"originalMaxAge":', otherwise: Math.ceil(idleTimeout * 1000) },
  }
}

/** Seconds without use, or for as long as the browser runs. */
export const expiryOf = ({ originalMaxAge }: { originalMaxAge?: unknown }): number | 'browser' =>
  typeof originalMaxAge === 'number' && Number.isFinite(originalMaxAge) ? originalMaxAge / 1000 : 'browser'

function headerOf(text: string, idleTimeout: number): SessionHeader {
  const part = COOKIE.exec(text)?.[1]
  const cookie = part ? JSON.parse(part) : (parseHarmless(text) as Partial<StoredSession>).cookie
  if (typeof cookie !== 'object' || cookie === null) {
    throw new SessionValueError('The stored session has no cookie.')
  }
  const expiry = expiryOf(cookie)
  const expires = Date.parse(cookie.expires)
  const isDated = expiry !== 'browser' && !Number.isNaN(expires)
  return {
    createdAt: Number.POSITIVE_INFINITY,
    writtenAt: isDated ? expires - expiry * 1000 : 0,
    idle: expiry === 'browser' ? idleTimeout : expiry,
    until: Number.POSITIVE_INFINITY,
    expiry,
  }
}

/** The cookie's date follows each write. */
function dated(text: string, now: number): string {
  const part = COOKIE.exec(text)?.[1]
  // Names that are whole numbers come before all others.
  const data = part ? { cookie: JSON.parse(part) } : JSON.parse(text)
  const { cookie } = data
  if (typeof cookie?.originalMaxAge !== 'number') return text
  cookie.expires = new Date(now + cookie.originalMaxAge)
  if (!part) return JSON.stringify(data)
  return `{"cookie":${JSON.stringify(cookie)}${text.slice('{"cookie":'.length + part.length)}`
}

function serialize(data: object): string {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    throw new SessionDataError('The session cannot be stored as JSON.', { cause })
  }
}

/** Without members named `__proto__`, which express-session stores as it gets them: whose session has one can still log out. */
function parseHarmless(text: string): ReturnType<typeof parseData> {
  try {
    return parseData(text)
  } catch (error) {
    if (!isJson(text)) throw error
    const harmless = JSON.parse(text, (name, value) => (name === '__proto__' ? undefined : value))
    return parseData(JSON.stringify(harmless))
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What the next request could not read is not written. What JSON drops is dropped, as it always was. */
function assertReadable(text: string): void {
  if (text.includes('__proto__') || mayBeDeep(text)) assertStorable(JSON.parse(text))
}

/** Whether there are as many brackets as levels that can be read. */
const mayBeDeep = (text: string): boolean => text.length > 1000 && text.split(/[[{]/, 501).length > 500

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function toText(value: Uint8Array): string {
  try {
    return decoder.decode(value)
  } catch (cause) {
    throw new SessionValueError('The stored session is not UTF-8 text.', { cause })
  }
}
