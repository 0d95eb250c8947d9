import type { Expiry } from '@tegata/core'

/** How django-redis is told to compress: the last part of its dotted path. */
export type DjangoCompressor = 'zlib' | 'gzip' | 'zstd' | 'lz4' | 'lzma'
export type DjangoSerializer = 'pickle' | 'json' | 'msgpack'

/** Settings of the Django site, under the names that Django and django-redis give them. */
export interface DjangoSettings {
  /** `CACHES[…]['KEY_PREFIX']`. @default '' */
  keyPrefix?: string
  /** `CACHES[…]['VERSION']`. @default 1 */
  version?: number | string
  /** `CACHES[…]['KEY_FUNCTION']`, if it is not Django's own. What it answers must end with `key`. */
  keyFunction?: (key: string, keyPrefix: string, version: number | string) => string
  /** The last part of `SESSION_ENGINE`. `'cached_db'` is read-only, as its database is authoritative. @default 'cache' */
  sessionEngine?: 'cache' | 'cached_db'
  /** `OPTIONS['SERIALIZER']` of the cache, not `SESSION_SERIALIZER`, which plays no part there. @default 'pickle' */
  serializer?: DjangoSerializer
  /** `OPTIONS['COMPRESSOR']`: what is written; whichever it is, it is recognised in what is read. @default none */
  compressor?: DjangoCompressor | undefined
  /** `SESSION_COOKIE_AGE`, seconds. @default 1_209_600 (two weeks) */
  sessionCookieAge?: number
  /** `SESSION_EXPIRE_AT_BROWSER_CLOSE`. @default false */
  expireAtBrowserClose?: boolean
  /** `SESSION_SAVE_EVERY_REQUEST`. @default false */
  saveEveryRequest?: boolean
  /** `TIME_ZONE` of a site with `USE_TZ = False`, whose dates do not say where they are meant. @default none: `USE_TZ = True` */
  naiveTimezone?: string | undefined
  /** `SESSION_COOKIE_NAME`. @default 'sessionid' */
  sessionCookieName?: string
  /** `SESSION_COOKIE_DOMAIN`. @default none */
  sessionCookieDomain?: string | null | undefined
  /** `SESSION_COOKIE_PATH`. @default '/' */
  sessionCookiePath?: string
  /** `SESSION_COOKIE_SECURE`. @default false */
  sessionCookieSecure?: boolean
  /** `SESSION_COOKIE_HTTPONLY`. @default true */
  sessionCookieHttpOnly?: boolean
  /** `SESSION_COOKIE_SAMESITE`. @default 'Lax' */
  sessionCookieSameSite?: 'Lax' | 'Strict' | 'None' | false
}

export interface ResolvedDjangoSettings extends Required<DjangoSettings> {
  sessionCookieDomain: string | undefined
}

const defaults: ResolvedDjangoSettings = {
  keyPrefix: '',
  version: 1,
  keyFunction: (key, keyPrefix, version) => `${keyPrefix}:${version}:${key}`,
  sessionEngine: 'cache',
  serializer: 'pickle',
  compressor: undefined,
  sessionCookieAge: 1_209_600,
  expireAtBrowserClose: false,
  saveEveryRequest: false,
  naiveTimezone: undefined,
  sessionCookieName: 'sessionid',
  sessionCookieDomain: undefined,
  sessionCookiePath: '/',
  sessionCookieSecure: false,
  sessionCookieHttpOnly: true,
  sessionCookieSameSite: 'Lax',
}

/** Throws a `TypeError` naming the setting that is unknown or impossible. */
export function resolveSettings(settings: DjangoSettings = {}): ResolvedDjangoSettings {
  if (typeof settings !== 'object' || settings === null) {
    throw new TypeError('The settings of Django must be an object.')
  }
  const unknown = Object.keys(settings).find((name) => !Object.hasOwn(defaults, name))
  if (unknown !== undefined) throw new TypeError(`Unknown setting \`${unknown}\` of Django.`)
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== null)
  const resolved = { ...defaults, ...Object.fromEntries(given) } as ResolvedDjangoSettings
  for (const [name, ok, must] of rules(resolved)) {
    if (!ok) throw new TypeError(`The setting \`${name}\` of Django must ${must}.`)
  }
  return resolved
}

type Rule = [name: keyof DjangoSettings, ok: boolean, must: string]

function rules(settings: ResolvedDjangoSettings): Rule[] {
  const { version, sessionCookieAge, naiveTimezone } = settings
  const oneOf = (name: keyof DjangoSettings, values: readonly unknown[]): Rule => [
    name,
    values.includes(settings[name]),
    `be one of ${values.map((value) => JSON.stringify(value) ?? 'undefined').join(', ')}`,
  ]
  const text = (name: keyof DjangoSettings): Rule => [name, typeof settings[name] === 'string', 'be a string']
  const flag = (name: keyof DjangoSettings): Rule => [
    name,
    typeof settings[name] === 'boolean',
    'be true or false',
  ]
  return [
    text('keyPrefix'),
    ['version', ['number', 'string'].includes(typeof version), 'be a number or a string'],
    ['keyFunction', typeof settings.keyFunction === 'function', 'be a function that makes a key'],
    oneOf('sessionEngine', ['cache', 'cached_db']),
    oneOf('serializer', ['pickle', 'json', 'msgpack']),
    oneOf('compressor', [undefined, 'zlib', 'gzip', 'zstd', 'lz4', 'lzma']),
    [
      'sessionCookieAge',
      Number.isFinite(sessionCookieAge) && sessionCookieAge > 0,
      'be a positive number of seconds',
    ],
    flag('expireAtBrowserClose'),
    flag('saveEveryRequest'),
    ['naiveTimezone', isTimezone(naiveTimezone), "be the name of a time zone, such as 'Asia/Tokyo'"],
    text('sessionCookieName'),
    [
      'sessionCookieDomain',
      ['string', 'undefined'].includes(typeof settings.sessionCookieDomain),
      'be a string',
    ],
    text('sessionCookiePath'),
    flag('sessionCookieSecure'),
    flag('sessionCookieHttpOnly'),
    oneOf('sessionCookieSameSite', ['Lax', 'Strict', 'None', false]),
  ]
}

function isTimezone(name: string | undefined): boolean {
  if (name === undefined) return true
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

/** Seconds that a session with this expiry lives after a save, where it is no date. */
export const idleOf = (expiry: Expiry, { sessionCookieAge }: ResolvedDjangoSettings): number =>
  typeof expiry === 'number' ? expiry : sessionCookieAge
