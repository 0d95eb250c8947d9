import type { CookieTransport, ResolvedCookieOptions } from '@tegata/core'
import { latest, setCookie } from './attributes.ts'
import { cookieValue, decoded } from './cookie-header.ts'
import { type Algorithm, createSigner } from './signer.ts'

export interface FastifyTransportOptions {
  /** What the cookie's value begins with, before the id: @fastify/session's option of that name. Default `''`. */
  cookiePrefix?: string
  /** The hash of the signature, as @fastify/cookie has it. Default `'sha256'`. */
  algorithm?: Algorithm
}

/**
 * The cookie of @fastify/session: `<id>.<signature>`, with the first of `secrets`, read with all of them. For
 * `createSessions({ transport: fastifyTransport, cookie: { name: 'sessionId', secrets } })`. Throws a `TypeError` without a secret.
 */
export function fastifyTransport(
  options: ResolvedCookieOptions,
  { cookiePrefix = '', algorithm = 'sha256' }: FastifyTransportOptions = {},
): CookieTransport {
  if (options.secrets.length === 0) throw new TypeError('fastifyTransport needs the option `cookie.secrets`.')
  const signer = createSigner(options.secrets, algorithm)
  return {
    nameFor: () => options.name,
    read(header) {
      const raw = cookieValue(header, options.name)
      if (raw === undefined) return undefined
      const value = decoded(raw)
      if (!value.startsWith(cookiePrefix)) return 'malformed'
      const dot = value.lastIndexOf('.')
      const id = value.slice(cookiePrefix.length, Math.max(dot, cookiePrefix.length))
      return id !== '' && signer.verify(id, value.slice(dot + 1)) ? id : 'malformed'
    },
    set: (id, secure, expiresAt, now) => [
      setCookie(options, `${cookiePrefix}${id}.${signer.sign(id)}`, {
        secure,
        expires: latest(expiresAt, now),
      }),
    ],
    clear: (secure) => [setCookie(options, '', { secure, expires: 0 })],
  }
}
