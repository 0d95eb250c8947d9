import { SessionDataError, SessionValueError, utf8 } from '@tegata/core'
import { compress, decompress } from './compression/compression.ts'
import { serializers } from './serializers/serializer.ts'
import { type DjangoSettings, resolveSettings } from './settings.ts'

type ValueSettings = Pick<DjangoSettings, 'serializer' | 'compressor'>

/** An int as django-redis writes it, which it looks for first; that Python's `int()` takes more is no use to a session. */
const INTEGER = /^-?\d+$/
/** The longest text of an int that Python reads. */
const MAX_DIGITS = 4300

/**
 * What lies in Django's cache at any key, as `cache.get` would answer it, in the values of `@tegata/format-django/pickle`. Throws
 * a `SessionValueError`.
 */
export function readCacheValue(bytes: Uint8Array, settings: ValueSettings = {}): unknown {
  const { serializer } = resolveSettings(settings)
  return readInteger(bytes) ?? load(serializer, unpack(bytes))
}

/** Bytes from which `cache.get` would answer this value. Throws a `SessionDataError` for what the serializer cannot hold. */
export function writeCacheValue(value: unknown, settings: ValueSettings = {}): Uint8Array {
  const { serializer, compressor } = resolveSettings(settings)
  const isInteger = typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))
  return isInteger ? utf8(String(value)) : compress(dump(serializer, value), compressor)
}

/** Throws a `SessionValueError`. */
export function unpack(bytes: Uint8Array): Uint8Array {
  try {
    return decompress(bytes)
  } catch (cause) {
    throw new SessionValueError('The stored session cannot be decompressed.', { cause })
  }
}

/** Throws a `SessionValueError`. */
export function load(serializer: keyof typeof serializers, bytes: Uint8Array): unknown {
  try {
    return serializers[serializer].loads(bytes)
  } catch (cause) {
    throw new SessionValueError(`The stored session is not one that ${serializer} holds.`, { cause })
  }
}

/** Throws a `SessionDataError`. */
export function dump(serializer: keyof typeof serializers, value: unknown): Uint8Array {
  try {
    return serializers[serializer].dumps(value)
  } catch (cause) {
    throw new SessionDataError(`The value cannot be stored as ${serializer}.`, { cause })
  }
}

/** `undefined` for what is no number. */
export function readInteger(bytes: Uint8Array): number | bigint | undefined {
  if (bytes.length > MAX_DIGITS) return undefined
  const text = String.fromCharCode(...bytes)
  if (!INTEGER.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}
