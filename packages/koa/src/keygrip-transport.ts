import type { CookieTransport, ResolvedCookieOptions } from '@tegata/core'
import { parseCookie, stringifySetCookie } from 'cookie'
import Keygrip from 'keygrip'

/** What signs and verifies: a `Keygrip`, of whatever version and hash. */
export interface KeygripLike {
  sign(data: string): string
  /** In constant time. */
  verify(data: string, digest: string): boolean
}

export interface KeygripTransportOptions {
  /** Koa's `app.keys`. Required. The first signs, all verify (HMAC-SHA1); a `Keygrip` brings a hash of its own. */
  keys: readonly string[] | KeygripLike
}

/** RFC 6265bis §5.5 caps a cookie's life. */
const MAX_LIFE_MS = 400 * 86_400_000

/** RFC 6265bis §5.6: name and value together. Longer ones were never ours, and are not worth a hash. */
const MAX_VALUE_LENGTH = 4096

/**
 * The cookies of koa-session, as an application signs them that has `app.keys`: the id, and its signature in a second one,
 * `<name>.sig`. For `createSessions({ transport: keygripTransport({ keys: app.keys }) })`.
 * The name is the option `cookie.name` as it stands, on every request. Throws a `TypeError` without keys.
 */
export function keygripTransport(
  options: KeygripTransportOptions,
): (cookie: ResolvedCookieOptions) => CookieTransport {
  const keygrip = keygripOf(options?.keys)
  return ({ name, path, domain, secure, sameSite, partitioned }) => {
    const signatureName = `${name}.sig`
    const pair = (
      [value, signature]: readonly [value: string, signature: string],
      requestIsSecure: boolean,
      expires: Date | undefined,
    ) =>
      [
        { name, value },
        { name: signatureName, value: signature },
      ].map((cookie) =>
        stringifySetCookie({
          ...cookie,
          path,
          ...(domain === undefined ? {} : { domain }),
          ...(expires && { expires }),
          httpOnly: true,
          secure: secure === true || (secure === 'auto' && requestIsSecure),
          sameSite,
          partitioned,
        }),
      )

    return {
      nameFor: () => name,

      read(header) {
        if (!header?.includes(name)) return undefined
        const { [name]: id, [signatureName]: signature } = parseCookie(header, { decode: raw })
        if (id === undefined) return undefined
        if (signature === undefined || id.length + signature.length > MAX_VALUE_LENGTH) return 'malformed'
        return keygrip.verify(`${name}=${id}`, signature) ? id : 'malformed'
      },

      set(id, requestIsSecure, expiresAt, now) {
        const expires = expiresAt === undefined ? undefined : new Date(Math.min(expiresAt, now + MAX_LIFE_MS))
        return pair([id, keygrip.sign(`${name}=${id}`)], requestIsSecure, expires)
      },

      clear: (requestIsSecure) => pair(['', ''], requestIsSecure, new Date(0)),
    }
  }
}

function keygripOf(keys: readonly string[] | KeygripLike): KeygripLike {
  if (typeof (keys as KeygripLike | undefined)?.verify === 'function') return keys as KeygripLike
  const isKeys =
    Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'string' && key !== '')
  if (!isKeys) {
    throw new TypeError(
      'The option `keys` of keygripTransport() must be a non-empty array of strings, or a Keygrip.',
    )
  }
  return new Keygrip([...keys])
}

/** Ids need no decoding, and a value that does is none; quotes around it Koa takes off. */
const raw = (value: string) => (value.startsWith('"') ? value.slice(1, -1) : value)
