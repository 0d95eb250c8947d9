import type { ResolvedCookieOptions } from '@tegata/core'

/** A Set-Cookie value as `cookie` writes it, which express-session and @fastify/cookie use. `expires` in epoch ms. */
export function setCookie(
  options: ResolvedCookieOptions,
  value: string,
  { secure, expires }: { secure: boolean; expires: number | undefined },
): string {
  const { name, domain, path, partitioned, sameSite } = options
  const attributes = [
    `${name}=${encodeURIComponent(value)}`,
    domain !== undefined && `Domain=${domain}`,
    `Path=${path}`,
    expires !== undefined && `Expires=${new Date(expires).toUTCString()}`,
    'HttpOnly',
    isSecure(options, secure) && 'Secure',
    partitioned && 'Partitioned',
    `SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`,
  ]
  return attributes.filter(Boolean).join('; ')
}

/** Whether the cookie of a request that came over TLS, or did not, is Secure. */
export const isSecure = (options: ResolvedCookieOptions, requestIsSecure: boolean): boolean =>
  options.secure === true || (options.secure === 'auto' && requestIsSecure)

/** RFC 6265bis §5.5 caps a cookie's life at 400 days: browsers cut what is longer, and dates cannot hold some of it. */
export const latest = (expiresAt: number | undefined, now: number): number | undefined =>
  expiresAt === undefined ? undefined : Math.min(expiresAt, now + 400 * 86_400_000)
