import type { CookieTransport } from '@tegata/core'
import { type DjangoSettings, resolveSettings } from './settings.ts'

/**
 * The cookie as Django's session middleware reads and writes it, attributes in its order. For
 * `createSessions({ transport: () => djangoTransport(settings) })`, along with `cookie: { deadline: 'idle' }`.
 */
export function djangoTransport(settings: DjangoSettings = {}): CookieTransport {
  const resolved = resolveSettings(settings)
  const { sessionCookieName: name, sessionCookieDomain, sessionCookieSameSite } = resolved
  const domain = sessionCookieDomain === undefined ? [] : [`Domain=${sessionCookieDomain}`]
  const path = `Path=${resolved.sessionCookiePath}`
  const sameSite = sessionCookieSameSite === false ? [] : [`SameSite=${sessionCookieSameSite}`]
  // Of a cookie that is taken back Django says Secure only where browsers would not listen to it otherwise.
  const isSecureToClear = /^__(?:Secure|Host)-/.test(name) || sessionCookieSameSite === 'None'

  return {
    nameFor: () => name,

    read(header) {
      // Whoever comes last counts, as in Django's parse_cookie.
      for (const pair of (header ?? '').split(';').reverse()) {
        const at = pair.indexOf('=')
        if (pair.slice(0, Math.max(at, 0)).trim() === name) return unquote(pair.slice(at + 1).trim())
      }
      return undefined
    },

    set(id, _secure, expiresAt, now) {
      const maxAge = expiresAt === undefined ? undefined : Math.floor((expiresAt - now) / 1000)
      return [
        [
          `${name}=${id}`,
          ...domain,
          ...(maxAge === undefined ? [] : [`expires=${new Date(now + maxAge * 1000).toUTCString()}`]),
          ...(resolved.sessionCookieHttpOnly ? ['HttpOnly'] : []),
          ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
          path,
          ...sameSite,
          ...(resolved.sessionCookieSecure ? ['Secure'] : []),
        ].join('; '),
      ]
    },

    clear: () => [
      [
        `${name}=""`,
        ...domain,
        'expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'Max-Age=0',
        path,
        ...sameSite,
        ...(isSecureToClear ? ['Secure'] : []),
      ].join('; '),
    ],
  }
}

const unquote = (value: string) => (/^".*"$/.test(value) ? value.slice(1, -1) : value)
