import type { AnyResponse } from '@tegata/node-response'
import { Cookie, type SessionCookie } from './cookie.ts'
import type { CookieLines } from './cookie-lines.ts'
import { isSecure } from './is-secure.ts'
import type { Settings } from './options.ts'
import type { SessionRequest } from './types.ts'

/** A new session's cookie, as the options have it for this request. */
export function createCookie(req: SessionRequest, { cookie: options, proxy }: Settings): SessionCookie {
  const cookie = new Cookie(typeof options === 'function' ? options(req) : options)
  if (cookie.secure === 'auto') cookie.secure = isSecure(req, proxy)
  if ((cookie.sameSite as string) === 'auto') cookie.sameSite = isSecure(req, proxy) ? 'none' : 'lax'
  return cookie
}

/** Takes the cookie back that the request brought, with the attributes that a new one would have. */
export function clearCookie(
  req: SessionRequest,
  res: AnyResponse,
  settings: Settings,
  lines: CookieLines,
): void {
  const cookie = createCookie(req, settings)
  cookie.expires = new Date(0)
  if (cookie.secure && !isSecure(req, settings.proxy)) return
  addCookie(res, lines.lineOf(cookie, ''))
}

/** Beside those that others set. */
export function addCookie(res: AnyResponse, line: string): void {
  const others = res.getHeader('Set-Cookie')
  res.setHeader('Set-Cookie', others === undefined ? [line] : [others, line].flat().map(String))
}
