import type { CookieTransport, ResolvedCookieOptions } from '@tegata/core'
import { isSecure, latest } from './attributes.ts'
import { cookieValue } from './cookie-header.ts'
import { type Algorithm, createSigner } from './signer.ts'

export interface KoaTransportOptions {
  /** The hash of keygrip's signature. Default `'sha1'`. */
  algorithm?: Algorithm
}

/**
 * koa-session's cookies: the bare id, and keygrip's signature of it in a second one, `<name>.sig`, where there are `secrets`
 * (Koa's `app.keys`). For `createSessions({ transport: koaTransport, cookie: { name: 'koa.sess', secrets } })`.
 */
export function koaTransport(
  options: ResolvedCookieOptions,
  { algorithm = 'sha1' }: KoaTransportOptions = {},
): CookieTransport {
  const { name, secrets } = options
  const signer = createSigner(secrets, algorithm)
  const pair = (value: string, secure: boolean, expires: number | undefined) => {
    const cookie = `${name}=${value}`
    const rest = attributes(options, secure, expires)
    if (secrets.length === 0) return [`${cookie}${rest}`]
    return [`${cookie}${rest}`, `${name}.sig=${urlSafe(signer.sign(cookie))}${rest}`]
  }
  return {
    nameFor: () => name,
    read(header) {
      const id = cookieValue(header, name)
      if (!id) return id === undefined ? undefined : 'malformed'
      if (secrets.length === 0) return id
      const signature = cookieValue(header, `${name}.sig`)
      const isSigned = signature !== undefined && signer.verify(`${name}=${id}`, fromUrlSafe(signature))
      return isSigned ? id : 'malformed'
    },
    set: (id, secure, expiresAt, now) => pair(id, secure, latest(expiresAt, now)),
    clear: (secure) => pair('', secure, 0),
  }
}

/** In the order and the lower case of the package `cookies`. */
function attributes(options: ResolvedCookieOptions, secure: boolean, expires: number | undefined): string {
  const parts = [
    `path=${options.path}`,
    expires !== undefined && `expires=${new Date(expires).toUTCString()}`,
    options.domain !== undefined && `domain=${options.domain}`,
    `samesite=${options.sameSite}`,
    isSecure(options, secure) && 'secure',
    'httponly',
    options.partitioned && 'partitioned',
  ]
  return parts.map((part) => (part ? `; ${part}` : '')).join('')
}

const urlSafe = (base64: string) => base64.replaceAll('/', '_').replaceAll('+', '-')
const fromUrlSafe = (text: string) => text.replaceAll('_', '/').replaceAll('-', '+')
