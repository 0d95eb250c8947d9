import { type CipherKey, createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { SessionRequest } from './types.ts'

/** Says that a cookie is signed; cookie-parser and others know it as well. */
const MARK = 's:'

/** How many cookies are remembered as well signed: those of the visitors who are busy just now. */
const REMEMBERED = 5000

/** Signs cookies with the first of the secrets, and accepts those that any of them signed. */
export class CookieSigner {
  readonly #secrets: readonly CipherKey[]
  /** Ids by the cookie as browsers send it, signed with the first secret. */
  readonly #ids = new Recent()
  /** What was signed, by id. */
  readonly #signed = new Recent()

  constructor(secrets: readonly CipherKey[]) {
    this.#secrets = secrets
  }

  /** `s:<id>.<HMAC-SHA256 in base64 without padding>`, as cookie-signature makes it. */
  sign(id: string): string {
    const known = this.#signed.get(id)
    if (known !== undefined) return known
    const signed = this.#make(id)
    this.#signed.set(id, signed)
    this.#ids.set(encodeURIComponent(signed), id)
    return signed
  }

  /** The id in the request's cookie, if one of the secrets signed it; from cookie-parser's hands where the header has none. */
  idOf(req: SessionRequest, name: string): string | undefined {
    const { cookie } = req.headers
    const at = cookie === undefined ? -1 : cookie.indexOf(name)
    const fromHeader = at < 0 ? undefined : this.#idIn(cookie as string, name, at)
    return fromHeader || req.signedCookies?.[name] || this.#unsign(req.cookies?.[name]) || undefined
  }

  #idIn(header: string, name: string, at: number): string | undefined {
    const sent = sentValue(header, name, at)
    const known = sent && this.#ids.get(sent)
    if (known) return known
    const value = parseCookie(header)[name]
    const id = this.#unsign(value)
    if (id && sent && value === this.#make(id)) {
      this.#ids.set(sent, id)
      this.#signed.set(id, value)
    }
    return id
  }

  #make(id: string): string {
    return `${MARK}${id}.${signature(id, this.#secrets[0] as CipherKey)}`
  }

  #unsign(value: unknown): string | undefined {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return undefined
    const dot = value.lastIndexOf('.')
    if (dot < MARK.length) return undefined
    const id = value.slice(MARK.length, dot)
    const given = Buffer.from(value.slice(dot + 1))
    const isSigned = this.#secrets.some((secret) => {
      const expected = Buffer.from(signature(id, secret))
      return expected.length === given.length && timingSafeEqual(expected, given)
    })
    return isSigned ? id : undefined
  }
}

/** The value of the cookie at `at`, as it was sent; `undefined` where it takes more than a glance. */
function sentValue(header: string, name: string, at: number): string | undefined {
  const start = at + name.length + 1
  if (header[start - 1] !== '=' || (at > 0 && !header.startsWith('; ', at - 2))) return undefined
  const end = header.indexOf(';', start)
  return end < 0 ? header.slice(start) : header.slice(start, end)
}

/** Remembers so many, and forgets the oldest. */
class Recent extends Map<string, string> {
  override set(key: string, value: string): this {
    if (this.size >= REMEMBERED && !this.has(key)) this.delete(this.keys().next().value as string)
    return super.set(key, value)
  }
}

const signature = (id: string, secret: CipherKey): string =>
  createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
