import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64url, fromUtf8, SessionValueError, sameInConstantTime, utf8 } from '@tegata/core'
import { MAX_DECOMPRESSED } from './compression/compression.ts'
import { nodeBuiltin } from './node-builtin.ts'
import { loads } from './pickle.ts'
import { readPythonJson } from './serializers/python-json.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const COOKIE_SALT = 'django.contrib.sessions.backends.signed_cookies'
const DATABASE_SALT = 'django.contrib.sessions.SessionStore'

export interface SignedValueOptions {
  /** `SESSION_SERIALIZER`. @default 'json' */
  serializer?: 'json' | 'pickle'
  /** Seconds after which a value counts no more. @default none */
  maxAge?: number
  /** Epoch ms. @default Date.now */
  now?: () => number
}

/**
 * The session that a cookie of the engine `signed_cookies` holds. `secrets` are `SECRET_KEY`, then `SECRET_KEY_FALLBACKS`.
 * Throws a `SessionValueError` for anything that the site did not sign or that is older than `maxAge`.
 */
export const readSignedCookie = (
  value: string,
  secrets: string | readonly string[],
  options: SignedValueOptions = {},
): Record<string, unknown> => readSigned(value, secrets, COOKIE_SALT, options)

/** As `readSignedCookie`, for the column `session_data` of the engines `db` and `cached_db`. */
export const readDatabaseValue = (
  value: string,
  secrets: string | readonly string[],
  options: SignedValueOptions = {},
): Record<string, unknown> => readSigned(value, secrets, DATABASE_SALT, options)

function readSigned(
  value: string,
  secrets: string | readonly string[],
  salt: string,
  options: SignedValueOptions,
): Record<string, unknown> {
  const { maxAge = Number.POSITIVE_INFINITY, now = Date.now, serializer = 'json' } = options
  const [, signed, payload = '', time = '', signature = ''] =
    /^((\.?[\w-]*):([0-9A-Za-z]{1,10})):([\w-]+)$/.exec(value) ?? []
  if (signed === undefined) throw new SessionValueError('The value is none that Django signed.')
  const matches = [secrets]
    .flat()
    .map((secret) =>
      sameInConstantTime(signature, base64url(hmac(sha256, keyOf(salt, secret), utf8(signed)))),
    )
  if (!matches.includes(true))
    throw new SessionValueError('The value has not been signed with these secrets.')
  if (now() / 1000 - fromBase62(time) > maxAge) throw new SessionValueError('The value has expired.')
  try {
    const bytes = payload.startsWith('.') ? inflate(payload.slice(1)) : fromBase64url(payload)
    const data = serializer === 'json' ? readPythonJson(fromUtf8(bytes)) : loads(bytes, { classes: 'django' })
    if (Object.getPrototypeOf(data) !== Object.prototype) throw new TypeError('It is no dict.')
    return data as Record<string, unknown>
  } catch (cause) {
    throw new SessionValueError('The value that Django signed cannot be read.', { cause })
  }
}

const keyOf = (salt: string, secret: string) => sha256(utf8(`${salt}signer${secret}`))

const inflate = (text: string) =>
  nodeBuiltin('node:zlib').inflateSync(fromBase64url(text), { maxOutputLength: MAX_DECOMPRESSED })

function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** Epoch seconds. */
const fromBase62 = (text: string) => [...text].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0)
