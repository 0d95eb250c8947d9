import type { Expiry, Session } from '@tegata/core'

/** `req.session.cookie`, as users of express-session know it: how long this session lasts. */
export class RequestCookie {
  readonly #session: Session<object>
  readonly #attributes: {
    path: string
    domain: string | undefined
    sameSite: string
    secure: boolean | 'auto'
  }

  constructor(
    session: Session<object>,
    attributes: { path: string; domain: string | undefined; sameSite: string; secure: boolean | 'auto' },
  ) {
    this.#session = session
    this.#attributes = attributes
  }

  /** Milliseconds left. Setting it changes how long the session lasts without use; `null`: as long as the browser runs. */
  get maxAge(): number | null {
    const { expires } = this
    return expires && expires.getTime() - Date.now()
  }

  set maxAge(ms: number | null | undefined) {
    this.#session.setExpiry(typeof ms === 'number' ? ms / 1000 : 'browser')
  }

  /** When the session ends; `null` when it ends with the browser's session. Setting it fixes that date. */
  get expires(): Date | null {
    return this.#session.expiry === 'browser' ? null : new Date(this.#session.expiresAt)
  }

  set expires(date: Date | null | undefined) {
    this.#session.setExpiry(date ?? 'browser')
  }

  /** Milliseconds without use after which the session ends. */
  get originalMaxAge(): number | null {
    const expiry: Expiry = this.#session.expiry
    if (expiry === 'browser') return null
    return typeof expiry === 'number' ? expiry * 1000 : this.maxAge
  }

  get path(): string {
    return this.#attributes.path
  }

  get domain(): string | undefined {
    return this.#attributes.domain
  }

  get sameSite(): string {
    return this.#attributes.sameSite
  }

  get secure(): boolean | 'auto' {
    return this.#attributes.secure
  }

  get httpOnly(): true {
    return true
  }

  toJSON() {
    const { originalMaxAge, expires, httpOnly, path } = this
    return { originalMaxAge, expires, httpOnly, path }
  }
}
