import { parseCookie, stringifySetCookie } from 'cookie'

/** How the session id travels. */
export interface CookieOptions {
  /**
   * Default `'sid'`. With a secure cookie it gets the prefix `__Host-` (or `__Secure-`, where `domain` or `path` rule
   * that out; RFC 6265bis §4.1.3), so the name follows the request's scheme.
   */
  name?: string
  /** Default `'/'`. */
  path?: string
  /** Default none: the cookie goes to this host alone. */
  domain?: string
  /** Default `'auto'`: Secure when the request is. */
  secure?: boolean | 'auto'
  /** Default `'lax'`. `'none'` needs `secure: true`. */
  sameSite?: 'lax' | 'strict' | 'none'
  /**
   * Default `true`: the cookie carries the absolute deadline. `false`: it ends with the browser's session. `'dated'`: it does
   * unless `setExpiry` gave seconds or a date.
   */
  persistent?: boolean | 'dated'
  /**
   * The deadline that a persistent cookie carries. Default `'absolute'`: set once, so that reads and writes send no cookie.
   * `'idle'`, as in other libraries: sent again whenever this request moved the idle deadline, so that a late response
   * may bring an id back that was rotated meanwhile.
   */
  deadline?: 'absolute' | 'idle'
  /** Default `false`. CHIPS; needs `secure: true`. */
  partitioned?: boolean
  /** Add the name's prefix? Default `'auto'`; `false` keeps `name` as it stands. */
  prefix?: 'auto' | false
  /** Signs the id with the first and accepts all (HMAC-SHA256). Default none: the id alone is unguessable. */
  secrets?: string | readonly string[]
}

export interface ResolvedCookieOptions {
  name: string
  path: string
  domain: string | undefined
  secure: boolean | 'auto'
  sameSite: 'lax' | 'strict' | 'none'
  persistent: boolean | 'dated'
  deadline: 'absolute' | 'idle'
  partitioned: boolean
  prefix: 'auto' | false
  secrets: readonly string[]
}

export const cookieDefaults: ResolvedCookieOptions = {
  name: 'sid',
  path: '/',
  domain: undefined,
  secure: 'auto',
  sameSite: 'lax',
  persistent: true,
  deadline: 'absolute',
  partitioned: false,
  prefix: 'auto',
  secrets: [],
}

/** Throws a `TypeError` for attributes that browsers would refuse together. */
export function resolveCookieOptions(options: CookieOptions): ResolvedCookieOptions {
  if (typeof options !== 'object') throw new TypeError('The option `cookie` must be an object.')
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(cookieDefaults, name)) throw new TypeError(`Unknown option \`cookie.${name}\`.`)
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved: ResolvedCookieOptions = {
    ...cookieDefaults,
    ...given,
    secrets: [options.secrets ?? []].flat(),
  }
  const { name, path, domain, secure, sameSite, partitioned, secrets } = resolved

  assertSerialisable(resolved)
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new TypeError("The option `cookie.path` must begin with '/'; browsers take another path otherwise.")
  }
  if (!['auto', false].includes(resolved.prefix)) {
    throw new TypeError("The option `cookie.prefix` must be 'auto' or false.")
  }
  if (typeof partitioned !== 'boolean') {
    throw new TypeError('The option `cookie.partitioned` must be true or false.')
  }
  if (![true, false, 'auto'].includes(secure)) {
    throw new TypeError("The option `cookie.secure` must be true, false or 'auto'.")
  }
  if (!['lax', 'strict', 'none'].includes(sameSite)) {
    throw new TypeError("The option `cookie.sameSite` must be 'lax', 'strict' or 'none'.")
  }
  if (![true, false, 'dated'].includes(resolved.persistent)) {
    throw new TypeError("The option `cookie.persistent` must be true, false or 'dated'.")
  }
  if (!['absolute', 'idle'].includes(resolved.deadline)) {
    throw new TypeError("The option `cookie.deadline` must be 'absolute' or 'idle'.")
  }
  if (sameSite === 'none' && secure !== true) {
    throw new TypeError(
      "The option `cookie.sameSite: 'none'` needs `cookie.secure: true`; browsers refuse it otherwise.",
    )
  }
  if (partitioned && secure !== true) {
    throw new TypeError(
      'The option `cookie.partitioned` needs `cookie.secure: true`; browsers refuse it otherwise.',
    )
  }
  if (PREFIXED.test(name) && secure !== true) {
    throw new TypeError(
      `The option \`cookie.name: '${name}'\` needs \`cookie.secure: true\`, as its prefix demands.`,
    )
  }
  if (/^__host-/i.test(name) && (path !== '/' || domain !== undefined)) {
    throw new TypeError(
      `The option \`cookie.name: '${name}'\` needs \`cookie.path: '/'\` and no \`cookie.domain\`.`,
    )
  }
  if (secrets.some((secret) => typeof secret !== 'string' || secret === '')) {
    throw new TypeError('The option `cookie.secrets` must be a non-empty string or an array of them.')
  }
  return resolved
}

/** What browsers hold a cookie to by its name alone, whatever the case (RFC 6265bis §5.6; `__Http-` is of layered-cookies). */
export const PREFIXED = /^__(host|secure|http)-/i

/** RFC 6265bis §5.6: browsers ignore an attribute that is longer. */
const MAX_ATTRIBUTE_LENGTH = 1024

/** The cookie library knows the grammar of names, paths and domains; ask it once, at construction. */
function assertSerialisable(resolved: ResolvedCookieOptions): void {
  const { name, path, domain } = resolved
  for (const [option, attributes] of Object.entries({
    name: {},
    path: { path },
    domain: domain ? { domain } : {},
  })) {
    try {
      if ((resolved[option as 'name'] ?? '').length > MAX_ATTRIBUTE_LENGTH) throw new TypeError('too long')
      const header = stringifySetCookie({ name: option === 'name' ? name : 'x', value: '', ...attributes })
      if (option === 'name' && !Object.hasOwn(parseCookie(header), name)) throw new TypeError('not readable')
    } catch (cause) {
      throw new TypeError(`The option \`cookie.${option}\` is not one that a cookie can carry.`, { cause })
    }
  }
}
