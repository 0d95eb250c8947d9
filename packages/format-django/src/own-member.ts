import type { SessionHeader } from '@tegata/core'

/**
 * The key under which the stored dict keeps what Django has no place for. Django carries it along like any other key of a session;
 * there is none in sessions that need none.
 */
export const OWN_MEMBER = '_tegata'

/** Times are epoch milliseconds. */
interface OwnMember {
  /** Where an absolute deadline counts from it. */
  createdAt?: number
  /** Of the last `authenticate`, which a Django site knows nothing of. */
  authenticatedAt?: number
  /** Where it is not the user of `django.contrib.auth`. */
  owner?: string
  label?: string
  /** The date that `setExpiry` was given, where the serializer has no dates, and the seconds written in its place. */
  date?: number
  seconds?: number
}

/** What of it can be believed; whoever writes to Redis may have written it. */
export function readOwnMember(value: unknown): OwnMember {
  if (typeof value !== 'object' || value === null) return {}
  const { createdAt, authenticatedAt, owner, label, date, seconds } = value as Record<string, unknown>
  return {
    ...(isTime(createdAt) && { createdAt }),
    ...(isTime(authenticatedAt) && { authenticatedAt }),
    ...(typeof owner === 'string' && owner !== '' && { owner }),
    ...(typeof label === 'string' && { label }),
    ...(isTime(date) && typeof seconds === 'number' && { date, seconds }),
  }
}

/** `undefined` where nothing of it is needed. */
export function writeOwnMember(
  header: SessionHeader,
  userId: string | undefined,
  dated: { date: number; seconds: number } | undefined,
  isAbsolute: boolean,
): OwnMember | undefined {
  const { createdAt, writtenAt, authenticatedAt, owner, label } = header
  const member: OwnMember = {
    ...(isAbsolute && { createdAt: Number.isFinite(createdAt) ? createdAt : writtenAt }),
    ...(authenticatedAt !== undefined && { authenticatedAt }),
    ...(owner !== undefined && owner !== userId && { owner }),
    ...(label !== undefined && { label }),
    ...dated,
  }
  return Object.keys(member).length > 0 ? member : undefined
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
