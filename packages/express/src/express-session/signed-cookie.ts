import { type CipherKey, createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { SessionRequest } from './types.ts'

/** Says that a cookie is signed; cookie-parser and others know it as well. */
const MARK = 's:'

/** How many cookies are remembered at least as well signed: those of the visitors who are busy just now. */
const REMEMBERED = 5000

/** The id that a request brought, and with it, if it can be handed out again, the cookie's value as it is sent. */
export interface SignedId {
  readonly id: string
  readonly sent?: string
}

/** Signs cookies with the first of the secrets, and accepts those that any of them signed. */
export class CookieSigner {
  readonly #secrets: readonly CipherKey[]
  /** By the cookie as it is sent, signed with the first secret. */
  #known = new Map<string, SignedId>()
  /** Those before: two generations need no search for the oldest. */
  #older = new Map<string, SignedId>()

  constructor(secrets: readonly CipherKey[]) {
    this.#secrets = secrets
  }

  /** `s:<id>.<HMAC-SHA256 in base64 without padding>`, as cookie-signature makes it, and encoded as `cookie` does. */
  sign(id: string): string {
    const sent = encodeURIComponent(`${MARK}${id}.${signature(id, this.#secrets[0] as CipherKey)}`)
    this.#remember({ id, sent })
    return sent
  }

  /** The id in the request's cookie, if one of the secrets signed it; from cookie-parser's hands where the header has none. */
  idOf(req: SessionRequest, name: string): SignedId | undefined {
    const { cookie } = req.headers
    const at = cookie === undefined ? -1 : cookie.indexOf(name)
    const fromHeader = at < 0 ? undefined : this.#idIn(cookie as string, name, at)
    if (fromHeader) return fromHeader
    const id = req.signedCookies?.[name] || this.#unsign(req.cookies?.[name])?.id
    return id ? { id } : undefined
  }

  #idIn(header: string, name: string, at: number): SignedId | undefined {
    const sent = sentValue(header, name, at)
    const known = sent && (this.#known.get(sent) ?? this.#older.get(sent))
    if (known) return known
    // Clients that still write cookies as RFC 2109 has them put quotes around.
    const value = parseCookie(header)[name]?.replace(/^"(.*)"$/, '$1')
    const found = this.#unsign(value)
    if (!found?.id) return undefined
    if (!found.isFirst) return { id: found.id }
    // A text of its own: what was sent would keep the whole header.
    const canonical = encodeURIComponent(value as string)
    if (canonical !== sent) return { id: found.id }
    const signed = { id: found.id, sent: canonical }
    this.#remember(signed)
    return signed
  }

  #remember(signed: SignedId & { sent: string }): void {
    if (this.#known.size >= REMEMBERED) {
      this.#older = this.#known
      this.#known = new Map()
    }
    this.#known.set(signed.sent, signed)
  }

  #unsign(value: unknown): { id: string; isFirst: boolean } | undefined {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return undefined
    const dot = value.lastIndexOf('.')
    if (dot < MARK.length) return undefined
    const id = value.slice(MARK.length, dot)
    const given = Buffer.from(value.slice(dot + 1))
    const by = this.#secrets.findIndex((secret) => {
      const expected = Buffer.from(signature(id, secret))
      return expected.length === given.length && timingSafeEqual(expected, given)
    })
    return by < 0 ? undefined : { id, isFirst: by === 0 }
  }
}

/** The value of the cookie at `at`, as it was sent; `undefined` where it takes more than a glance. */
function sentValue(header: string, name: string, at: number): string | undefined {
  const start = at + name.length + 1
  if (header[start - 1] !== '=' || (at > 0 && !header.startsWith('; ', at - 2))) return undefined
  const end = header.indexOf(';', start)
  return end < 0 ? header.slice(start) : header.slice(start, end)
}

const signature = (id: string, secret: CipherKey): string =>
  createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
