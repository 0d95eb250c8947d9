import type { Expiry, SessionHeader } from './format.ts'
import type { ResolvedSessionOptions } from './options.ts'

type Policy = Pick<ResolvedSessionOptions, 'idleTimeout' | 'absoluteTimeout'>
type CookiePolicy = Policy & Pick<ResolvedSessionOptions, 'cookie'>
type Lifetime = Pick<SessionHeader, 'createdAt' | 'authenticatedAt' | 'expiry'>

/** Epoch ms at which the session ends however much it is used; `Infinity` for never. Counted from the last login on. */
export function absoluteDeadline(
  { createdAt, authenticatedAt }: Lifetime,
  { absoluteTimeout }: Pick<Policy, 'absoluteTimeout'>,
): number {
  if (absoluteTimeout === false) return Number.POSITIVE_INFINITY
  return (authenticatedAt ?? createdAt) + absoluteTimeout * 1000
}

/** The two deadlines as a value states them: idle seconds, and the last moment in epoch ms. */
export function deadlines(lifetime: Lifetime, policy: Policy): { idle: number; until: number } {
  const { expiry } = lifetime
  const until = absoluteDeadline(lifetime, policy)
  if (expiry instanceof Date)
    return { idle: Number.POSITIVE_INFINITY, until: Math.min(until, expiry.getTime()) }
  return { idle: typeof expiry === 'number' ? expiry : policy.idleTimeout, until }
}

/** When a session ends that is used now and never again. */
export const expiryFrom = (now: number, { idle, until }: { idle: number; until: number }): number =>
  Math.min(now + idle * 1000, until)

/**
 * When the cookie ends: with the session's last deadline, never with the sliding one, so that reading needs no Set-Cookie.
 * `undefined` for the browser's session.
 */
export function cookieDeadline(lifetime: Lifetime, policy: CookiePolicy): number | undefined {
  const { expiry } = lifetime
  const { persistent } = policy.cookie
  if (expiry === 'browser' || !persistent || (persistent === 'dated' && expiry === undefined))
    return undefined
  return deadlines(lifetime, policy).until
}

export const sameExpiry = (a: Expiry, b: Expiry): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b

/** A date may be moved by who holds it. */
export const copyOfExpiry = (expiry: Expiry): Expiry => (expiry instanceof Date ? new Date(expiry) : expiry)

/** Throws a `TypeError` for what `setExpiry` does not take. */
export function assertExpiry(expiry: unknown): asserts expiry is Expiry {
  const isOne =
    expiry === undefined ||
    expiry === 'browser' ||
    (typeof expiry === 'number' && Number.isFinite(expiry)) ||
    (expiry instanceof Date && !Number.isNaN(expiry.getTime()))
  if (!isOne) throw new TypeError("setExpiry() takes seconds, a Date, 'browser' or undefined.")
}
