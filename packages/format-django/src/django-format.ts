import {
  type SessionData,
  SessionDataError,
  type SessionFormat,
  type SessionHeader,
  SessionValueError,
} from '@tegata/core'
import { dump, load, readInteger, unpack } from './cache-value.ts'
import { compress } from './compression/compression.ts'
import { OWN_MEMBER, readOwnMember, writeOwnMember } from './own-member.ts'
import { PyHerdMarker, PyTuple } from './pickle.ts'
import { readExpiry } from './session-expiry.ts'
import { createSessionId, isSessionId } from './session-id.ts'
import { type DjangoSettings, idleOf, type ResolvedDjangoSettings, resolveSettings } from './settings.ts'
import { isAbsolute, keepAtRest, settleExpiry } from './settle-expiry.ts'
import { tellApart } from './tell-apart.ts'

const EXPIRY = '_session_expiry'
const USER_ID = '_auth_user_id'

const HERD = 'django_redis.client.herd'

export interface DjangoFormatOptions extends DjangoSettings {
  /** Epoch ms; the clock of `createSessions`. @default Date.now */
  now?: () => number
}

/**
 * The sessions of a Django site whose `SESSION_ENGINE` is `cache`, as django-redis or Django's own RedisCache keep them: the
 * dict of `request.session` at `<KEY_PREFIX>:<VERSION>:django.contrib.sessions.cache<session key>`.
 * Throws a `TypeError` naming a setting that is unknown or impossible.
 */
export function djangoFormat(options: DjangoFormatOptions = {}): SessionFormat {
  const { now = Date.now, ...given } = options
  const settings = resolveSettings(given)
  const { serializer, compressor } = settings
  /** Data that `decode` had to read anyway, for the first who asks for a copy of it. */
  const firstCopies = new WeakMap<Uint8Array, SessionData>()

  const read = (bytes: Uint8Array) => dataOf(load(serializer, bytes))
  const keyOf = (id: string) => {
    const { keyFunction, keyPrefix, version, sessionEngine } = settings
    return keyFunction(`django.contrib.sessions.${sessionEngine}${id}`, keyPrefix, version)
  }

  return {
    name: 'django',
    isReadOnly: settings.sessionEngine === 'cached_db',
    identityKeys: [USER_ID, '_auth_user_backend', '_auth_user_hash'],
    prefix: keyOf(''),
    createId: createSessionId,
    isId: isSessionId,
    keyOf,

    serialize(data) {
      assertNoOwnMember(data)
      try {
        return dump(serializer, data)
      } catch (cause) {
        throw new SessionDataError(`${culpritOf(data, settings)} cannot be stored as ${serializer}.`, {
          cause,
        })
      }
    },

    deserialize(serialized) {
      const bytes = serialized as Uint8Array
      const data = firstCopies.get(bytes) ?? read(bytes)
      firstCopies.delete(bytes)
      delete data[OWN_MEMBER]
      return data
    },

    decode(value) {
      if (readInteger(value) !== undefined) throw new SessionValueError('The stored session is a number.')
      const { bytes, until } = unwrapHerd(settings, unpack(value))
      const header = { createdAt: Number.POSITIVE_INFINITY, writtenAt: now(), until }
      if (!saysMore(bytes)) return { header: headerOf(header, {}, settings), serialized: bytes }
      const data = read(bytes)
      const decoded = { header: headerOf(header, data, settings), serialized: bytes }
      firstCopies.set(bytes, data)
      return decoded
    },

    encode(header, serialized, _key, random) {
      const bytes = serialized as Uint8Array
      const isPlain = !saysMore(bytes)
      const data = isPlain ? {} : read(bytes)
      const counts = isAbsolute(header)
      const settled = settleExpiry(header, data[EXPIRY], settings)
      const dated = serializer === 'pickle' ? undefined : dateInSeconds(header, settled)
      const raw = dated ? dated.seconds : settled
      const own = writeOwnMember(header, userIdOf(data), dated, counts)
      keepAtRest(header, { expiry: header.expiry, raw, isAbsolute: counts })
      // What has nothing of these to change is kept as it stands.
      if (own === undefined && !Object.hasOwn(data, OWN_MEMBER) && Object.is(raw, data[EXPIRY])) {
        return compress(tellApart(serializer, bytes, random), compressor)
      }
      const whole = isPlain ? read(bytes) : data
      setOrDelete(whole, EXPIRY, raw)
      setOrDelete(whole, OWN_MEMBER, own)
      return compress(tellApart(serializer, dump(serializer, whole), random), compressor)
    },

    expected: (value) => ({ whole: value }),
  }
}

/** Whether the bytes say anything of a header. */
function saysMore(bytes: Uint8Array): boolean {
  const text = latin1.decode(bytes)
  return text.includes(EXPIRY) || text.includes(USER_ID) || text.includes(OWN_MEMBER)
}

const latin1 = new TextDecoder('latin1')

function headerOf(
  known: Pick<SessionHeader, 'createdAt' | 'writtenAt' | 'until'>,
  data: SessionData,
  settings: ResolvedDjangoSettings,
): SessionHeader {
  const { date, seconds, ...own } = readOwnMember(data[OWN_MEMBER])
  const raw = data[EXPIRY]
  const isDated = date !== undefined && raw === seconds
  const expiry = isDated ? new Date(date) : readExpiry(raw, settings.naiveTimezone)
  const owner = userIdOf(data)
  const header: SessionHeader = {
    ...known,
    ...own,
    idle: idleOf(expiry, settings),
    ...(owner !== undefined && { owner }),
    ...(expiry !== undefined && { expiry }),
  }
  keepAtRest(header, { expiry, raw, isAbsolute: own.createdAt !== undefined })
  return header
}

/** For serializers without dates: the time left, as every version of Django reads it. Text is Django's own, and stays. */
function dateInSeconds({ expiry, writtenAt }: SessionHeader, raw: unknown) {
  if (!(expiry instanceof Date) || typeof raw === 'string') return undefined
  return { date: expiry.getTime(), seconds: Math.ceil((expiry.getTime() - writtenAt) / 1000) }
}

/** The user of `django.contrib.auth`, as text whatever the primary key is. */
function userIdOf(data: SessionData): string | undefined {
  const id = data[USER_ID]
  return id === undefined || id === null || id === '' ? undefined : String(id)
}

function setOrDelete(data: SessionData, key: string, value: unknown): void {
  if (value === undefined) delete data[key]
  else data[key] = value
}

/** django-redis' HerdClient keeps a value in a tuple, with the time (epoch seconds) from which it counts as expired. */
function unwrapHerd({ serializer }: ResolvedDjangoSettings, bytes: Uint8Array) {
  const until = Number.POSITIVE_INFINITY
  if (serializer !== 'pickle' || !latin1.decode(bytes).includes(HERD)) return { bytes, until }
  const value = load(serializer, bytes)
  if (!(value instanceof PyTuple) || !(value[0] instanceof PyHerdMarker)) return { bytes, until }
  return { bytes: dump(serializer, value[1]), until: Number(value[2]) * 1000 }
}

function assertNoOwnMember(data: SessionData): void {
  if (!Object.hasOwn(data, OWN_MEMBER)) return
  throw new SessionDataError(`Session data must not have a key named '${OWN_MEMBER}', which is Tegata's own.`)
}

/** The top-level key at fault, for people. */
function culpritOf(data: SessionData, { serializer }: ResolvedDjangoSettings): string {
  const key = Object.keys(data).find((candidate) => {
    try {
      dump(serializer, { [candidate]: data[candidate] })
      return false
    } catch {
      return true
    }
  })
  return key === undefined ? 'The session' : `Session data at ${JSON.stringify(key)}`
}

function dataOf(value: unknown): SessionData {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new SessionValueError('The stored session is no dict whose keys are text.')
  }
  return value as SessionData
}
