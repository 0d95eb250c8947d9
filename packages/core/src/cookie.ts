import { parseCookie, stringifySetCookie } from 'cookie'
import { sameInConstantTime } from './bytes.ts'
import { PREFIXED, type ResolvedCookieOptions } from './cookie-options.ts'
import { hmacOf } from './digest.ts'

/** RFC 6265bis §5.5 caps a cookie's life; a longer one is cut by browsers anyway. */
const MAX_AGE_SECONDS = 400 * 86_400

/** RFC 6265bis §5.6: name and value together. Longer ones were never ours, and are not worth a hash. */
const MAX_VALUE_LENGTH = 4096

/**
 * How an id travels in cookies. `secure` is whether the request came over TLS. Another library's cookies need a transport of
 * their own: `createSessions({ transport })`.
 */
export interface CookieTransport {
  /** The cookie's name for this request: with a prefix when the cookie is secure. */
  nameFor(secure: boolean): string
  /** What the header says of the session: nothing, an id's text (its shape not yet checked), or a value we never issued. */
  read(header: string | undefined, secure: boolean): string | 'malformed' | undefined
  /** The same of a second cookie, which counts where the first one's id names nothing. */
  readOther?(header: string | undefined, secure: boolean): string | 'malformed' | undefined
  /** The Set-Cookie values that hand out an id; `expiresAt` in epoch ms, `undefined` for the browser's session. */
  set(id: string, secure: boolean, expiresAt: number | undefined, now: number): readonly string[]
  /** The Set-Cookie values that take the cookie back, with the attributes it was given with. */
  clear(secure: boolean): readonly string[]
}

/** The native transport: one cookie, optionally signed. */
export function cookieTransport(options: ResolvedCookieOptions): CookieTransport {
  const { name, path, domain, sameSite, partitioned, prefix, secrets } = options
  const hasPrefix = prefix === false || PREFIXED.test(name)
  const secureName = hasPrefix
    ? name
    : `${path === '/' && domain === undefined ? '__Host-' : '__Secure-'}${name}`

  const isSecure = (requestIsSecure: boolean) =>
    options.secure === true || (options.secure === 'auto' && requestIsSecure)
  const nameFor = (secure: boolean) => (isSecure(secure) ? secureName : name)
  const sign = (id: string, secret: string) => hmacOf(secret, `${name}=${id}`)

  const attributes = (secure: boolean) => ({
    name: nameFor(secure),
    path,
    ...(domain === undefined ? {} : { domain }),
    httpOnly: true,
    secure: isSecure(secure),
    sameSite,
    partitioned,
  })

  return {
    nameFor,

    read(header, secure) {
      if (!header) return undefined
      const cookieName = nameFor(secure)
      // The first cookie of the name counts, as `cookie` documents; a second one is never looked at.
      const value = header.includes(cookieName) ? parseCookie(header, { decode: raw })[cookieName] : undefined
      if (value === undefined) return undefined
      if (value.length > MAX_VALUE_LENGTH) return 'malformed'
      if (secrets.length === 0) return value
      const dot = value.lastIndexOf('.')
      const id = value.slice(0, Math.max(dot, 0))
      const signature = value.slice(dot + 1)
      return secrets.some((secret) => sameInConstantTime(signature, sign(id, secret))) ? id : 'malformed'
    },

    set(id, secure, expiresAt, now) {
      const value = secrets[0] === undefined ? id : `${id}.${sign(id, secrets[0])}`
      const cookie = stringifySetCookie({
        value,
        ...attributes(secure),
        ...(expiresAt === undefined
          ? {}
          : { maxAge: Math.min(Math.max(Math.floor((expiresAt - now) / 1000), 0), MAX_AGE_SECONDS) }),
      })
      return [cookie]
    },

    clear: (secure) => [
      stringifySetCookie({ value: '', ...attributes(secure), maxAge: 0, expires: new Date(0) }),
    ],
  }
}

/** Ids need no decoding, and a value that does is none. */
const raw = (value: string) => value
