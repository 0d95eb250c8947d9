import { type SessionHeader, SessionValueError } from '@tegata/core'

/** What Tegata keeps of a session that the other library has no place for: a member of the value, beside the data. */
interface OwnMember {
  /**
   * The end of the key it was written for. Libraries copy unknown members into other sessions (Passport's
   * `keepSessionInfo`), and there neither the owner nor the dates would be true.
   */
  at: string
  /** Epoch ms, as all times here. */
  createdAt: number
  writtenAt: number
  /** The date that `setExpiry` was given. */
  date?: number
  owner?: string
  authenticatedAt?: number
  label?: string
}

/** What another library says of a session's life. */
export interface Lifetime {
  /** Milliseconds without use after which it ends; `undefined` for as long as the browser runs. */
  maxAge: number | undefined
  /** Epoch ms at which it ended, when last written, if not used again. */
  expires: number | undefined
}

const MARK_LENGTH = 6

const markOf = (key: string) => key.slice(-MARK_LENGTH)

/** Throws a `SessionValueError` for a member that is not one of ours. */
export function readHeader(lifetime: Lifetime, member: unknown, key: string): SessionHeader {
  const own = readOwn(member, key)
  const { maxAge, expires } = lifetime
  const isStated = maxAge !== undefined && expires !== undefined
  const writtenAt = isStated ? expires - maxAge : (own?.writtenAt ?? Number.POSITIVE_INFINITY)
  const common = {
    createdAt: own?.createdAt ?? Number.POSITIVE_INFINITY,
    writtenAt,
    ...(own?.owner !== undefined && { owner: own.owner }),
    ...(own?.authenticatedAt !== undefined && { authenticatedAt: own.authenticatedAt }),
    ...(own?.label !== undefined && { label: own.label }),
  }
  const unlimited = Number.POSITIVE_INFINITY
  // A date of ours holds as long as the other library has not given the session another life.
  const isDated = own?.date !== undefined && maxAge === own.date - own.writtenAt
  if (isDated || (maxAge === undefined && expires !== undefined)) {
    const date = isDated ? (own.date as number) : (expires as number)
    return { ...common, idle: unlimited, until: date, expiry: new Date(date) }
  }
  if (maxAge === undefined) return { ...common, idle: unlimited, until: unlimited, expiry: 'browser' }
  return { ...common, idle: maxAge / 1000, until: unlimited, expiry: maxAge / 1000 }
}

/** The life of a session as the other library states it. */
export function lifetimeOf({ writtenAt, idle, until, expiry }: SessionHeader): Lifetime {
  if (expiry === 'browser') return { maxAge: undefined, expires: undefined }
  const expires = expiry instanceof Date ? expiry.getTime() : Math.min(writtenAt + idle * 1000, until)
  const maxAge = expiry instanceof Date ? expires - writtenAt : idle * 1000
  return { maxAge: Math.round(maxAge), expires: Math.min(Math.round(expires), LAST_DATE) }
}

/** ECMA-262 §21.4.1.1: the last moment that a Date can hold. */
const LAST_DATE = 8.64e15

/** The member as JSON text. */
export function ownMember(header: SessionHeader, key: string): string {
  const { createdAt, writtenAt, owner, authenticatedAt, label, expiry } = header
  const date = expiry instanceof Date ? expiry.getTime() : undefined
  const member: { [Name in keyof OwnMember]: OwnMember[Name] | undefined } = {
    at: markOf(key),
    createdAt,
    writtenAt,
    date,
    owner,
    authenticatedAt,
    label,
  }
  return JSON.stringify(member)
}

function readOwn(member: unknown, key: string): OwnMember | undefined {
  if (member === undefined) return undefined
  const own = member as OwnMember
  const isOurs =
    typeof member === 'object' &&
    member !== null &&
    typeof own.at === 'string' &&
    isTime(own.createdAt) &&
    isTime(own.writtenAt) &&
    [own.date, own.authenticatedAt].every((time) => time === undefined || isTime(time)) &&
    [own.owner, own.label].every((text) => text === undefined || typeof text === 'string')
  if (!isOurs) throw new SessionValueError("The stored session's own details are not readable.")
  return own.at === markOf(key) ? own : undefined
}

const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
