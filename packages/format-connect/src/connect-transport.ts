import type { CookieTransport, ResolvedCookieOptions } from '@tegata/core'
import { latest, setCookie } from './attributes.ts'
import { cookieValue, decoded } from './cookie-header.ts'
import { createSigner } from './signer.ts'

/**
 * express-session's cookie: `s:<id>.<signature>`, HMAC-SHA256 with the first of `secrets`, read with all of them. For
 * `createSessions({ transport: connectTransport, cookie: { name: 'connect.sid', secrets } })`. Throws a `TypeError` without a secret.
 */
export function connectTransport(options: ResolvedCookieOptions): CookieTransport {
  const { sign, unsign } = connectSignature(options.secrets)
  return {
    nameFor: () => options.name,
    read(header) {
      const value = cookieValue(header, options.name)
      return value === undefined ? undefined : (unsign(decoded(value)) ?? 'malformed')
    },
    set: (id, secure, expiresAt, now) => [
      setCookie(options, sign(id), { secure, expires: latest(expiresAt, now) }),
    ],
    clear: (secure) => [setCookie(options, '', { secure, expires: 0 })],
  }
}

/** The signed value alone, for those who set the cookie themselves. Throws a `TypeError` without a secret. */
export function connectSignature(secrets: readonly string[]) {
  if (secrets.length === 0) throw new TypeError('connectTransport needs the option `cookie.secrets`.')
  const signer = createSigner(secrets)
  return {
    sign: (id: string): string => `s:${id}.${signer.sign(id)}`,
    /** The id; `undefined` for a value that none of the secrets signed. */
    unsign(value: string): string | undefined {
      if (!value.startsWith('s:')) return undefined
      const dot = value.lastIndexOf('.')
      const id = value.slice(2, Math.max(dot, 2))
      return id !== '' && signer.verify(id, value.slice(dot + 1)) ? id : undefined
    },
  }
}
