import { stringifySetCookie } from 'cookie'

/** What a session's cookie is made with, and what is stored of it. */
export interface CookieAttributes {
  /** Milliseconds without use after which the session ends; `null` for the browser's session. */
  originalMaxAge: number | null
  partitioned?: boolean | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  expires: Date | null
  secure?: boolean | 'auto' | undefined
  httpOnly?: boolean | undefined
  domain?: string | undefined
  path?: string | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
}

/** `req.session.cookie`: what the response's cookie will look like, changeable until it leaves. */
export interface SessionCookie extends CookieAttributes {
  /** Milliseconds left; `null` for the browser's session. */
  maxAge: number | null | undefined
  readonly data: CookieAttributes
  serialize(name: string, value: string): string
  toJSON(): CookieAttributes
}

export interface CookieConstructor {
  new (options?: object | null): SessionCookie
  prototype: SessionCookie
}

type Fields = SessionCookie & { _expires: Date | null; [option: string]: unknown }

/** A function rather than a class, as its users call and inherit it. Throws a `TypeError` for options that are no object. */
export const Cookie = function Cookie(this: Fields, options?: unknown) {
  this.path = '/'
  this.maxAge = null
  this.httpOnly = true
  if (options) {
    if (typeof options !== 'object') throw new TypeError('argument options must be an object')
    for (const name in options) {
      if (name !== 'data') this[name] = (options as Record<string, unknown>)[name]
    }
  }
  this.originalMaxAge ??= this.maxAge as number | null
} as unknown as CookieConstructor

const methods: ThisType<Fields> & Record<string, unknown> = {
  get expires() {
    return this._expires
  },

  /** A date of its own counts as a new `maxAge`: it slides with use. */
  set expires(date) {
    this._expires = date
    this.originalMaxAge = this.maxAge as number | null
  },

  get maxAge() {
    const { expires } = this
    return expires instanceof Date ? expires.getTime() - Date.now() : expires
  },

  set maxAge(ms) {
    if (ms && typeof ms !== 'number' && !((ms as unknown) instanceof Date)) {
      throw new TypeError('maxAge must be a number of milliseconds')
    }
    this.expires = typeof ms === 'number' ? new Date(Date.now() + ms) : (ms as null)
    // And not a millisecond less where that took one: a cookie that changed has its session written.
    if (typeof ms === 'number' && Number.isFinite(this.originalMaxAge)) this.originalMaxAge = Math.floor(ms)
  },

  /** Named one by one and in this order: it is what other servers compare, and what they expect to find stored. */
  get data(): CookieAttributes {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    }
  },

  serialize(name: string, value: string): string {
    // A plain object that a handler put in its place has none.
    const { originalMaxAge: _, expires, ...attributes } = this.data ?? {}
    if (expires && Number.isNaN(expires.getTime?.())) throw new TypeError('option expires is invalid')
    return stringifySetCookie(name, value, {
      ...(attributes as object),
      ...(expires && { expires }),
    })
  },

  toJSON() {
    return this.data
  },
}

Object.defineProperties(Cookie.prototype, Object.getOwnPropertyDescriptors(methods))
