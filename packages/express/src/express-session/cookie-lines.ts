import { Cookie, type SessionCookie } from './cookie.ts'

/** What a cookie's line says behind the value, and of which attributes. */
interface Made {
  expires: number | undefined
  path: unknown
  domain: unknown
  httpOnly: unknown
  secure: unknown
  sameSite: unknown
  priority: unknown
  partitioned: unknown
  text: string
}

/** `Set-Cookie` for one cookie after another: those of one second differ in nothing but their values. */
export class CookieLines {
  readonly #name: string
  #last: Made | undefined

  constructor(name: string) {
    this.#name = name
  }

  /** `value` as it is sent. Throws a `TypeError` for attributes that no cookie can have. */
  lineOf(cookie: SessionCookie, value: string): string {
    // Made by somebody else, it says itself what it is.
    if (Object.getPrototypeOf(cookie) !== Cookie.prototype || Object.hasOwn(cookie, 'data')) {
      const { serialize = Cookie.prototype.serialize } = cookie
      return serialize.call(cookie, this.#name, decodeURIComponent(value))
    }
    const expires = secondOf(cookie.expires)
    if (this.#last === undefined || !isAsMade(this.#last, cookie, expires)) {
      const { path, domain, httpOnly, secure, sameSite, priority, partitioned } = cookie
      const text = cookie.serialize(this.#name, '').slice(this.#name.length + 1)
      this.#last = { expires, path, domain, httpOnly, secure, sameSite, priority, partitioned, text }
    }
    return `${this.#name}=${value}${this.#last.text}`
  }
}

/** As far as a line tells: `NaN` is like nothing. */
const secondOf = (date: unknown): number | undefined =>
  date instanceof Date ? Math.floor(date.getTime() / 1000) : date ? Number.NaN : undefined

const isAsMade = (made: Made, cookie: SessionCookie, expires: number | undefined): boolean =>
  made.expires === expires &&
  made.path === cookie.path &&
  made.domain === cookie.domain &&
  made.httpOnly === cookie.httpOnly &&
  made.secure === cookie.secure &&
  made.sameSite === cookie.sameSite &&
  made.priority === cookie.priority &&
  made.partitioned === cookie.partitioned
