import { type CipherKey, createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { SessionRequest } from './types.ts'

/** Says that a cookie is signed; cookie-parser and others know it as well. */
const MARK = 's:'

/** `s:<id>.<HMAC-SHA256 in base64 without padding>`, as cookie-signature makes it. */
export const signId = (id: string, secret: CipherKey): string => `${MARK}${id}.${signature(id, secret)}`

/** The id in the request's cookie, if one of the secrets signed it; from cookie-parser's hands where the header has none. */
export function signedId(
  req: SessionRequest,
  name: string,
  secrets: readonly CipherKey[],
): string | undefined {
  const { cookie } = req.headers
  const fromHeader = cookie?.includes(name) ? unsign(parseCookie(cookie)[name], secrets) : undefined
  return fromHeader || req.signedCookies?.[name] || unsign(req.cookies?.[name], secrets) || undefined
}

function unsign(value: unknown, secrets: readonly CipherKey[]): string | undefined {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return undefined
  const dot = value.lastIndexOf('.')
  if (dot < MARK.length) return undefined
  const id = value.slice(MARK.length, dot)
  const given = Buffer.from(value.slice(dot + 1))
  const isSigned = secrets.some((secret) => {
    const expected = Buffer.from(signature(id, secret))
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
  return isSigned ? id : undefined
}

const signature = (id: string, secret: CipherKey): string =>
  createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
