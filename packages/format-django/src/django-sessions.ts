import { createSessions, type SessionOptions, type SessionStore, type Sessions } from '@tegata/core'
import { djangoFormat } from './django-format.ts'
import { djangoTransport } from './django-transport.ts'
import { openStore } from './open-store.ts'
import { type DjangoSettings, type ResolvedDjangoSettings, resolveSettings } from './settings.ts'

/** Where the sessions lie: one of these three. */
export type DjangoSessionsSource =
  /** `LOCATION` of the cache, `redis://127.0.0.1:6379/1`. Opens a client of ioredis, which `close()` closes. */
  | { url: string; client?: never; store?: never }
  /** A client of ioredis or node-redis, which stays the application's. */
  | { client: object; url?: never; store?: never }
  /** Any store. */
  | { store: SessionStore; url?: never; client?: never }

const TOLD_BY_SETTINGS = ['format', 'transport', 'cookie', 'idleTimeout', 'rolling', 'encryption'] as const

/** The options beside the settings of the Django site. */
export type DjangoSessionsOptions<Data extends object> = DjangoSessionsSource & {
  /** The site's settings that differ from Django's defaults, by Django's own names. */
  settings?: DjangoSettings
} & Omit<SessionOptions<Data>, 'store' | (typeof TOLD_BY_SETTINGS)[number]>

export type DjangoSessions<Data extends object> = Sessions<Data> & {
  /** Closes the client that was opened for `url`; nothing else. */
  close(): Promise<void>
}

/**
 * The sessions of a Django site, for an integration such as `@tegata/express`: its store, format, cookie and deadlines at once, told
 * by its settings. No absolute timeout unless asked for, as Django has none.
 * Throws a `TypeError` naming the option or the setting that is missing, unknown or impossible, or the package to install.
 */
export function djangoSessions<Data extends object = Record<string, unknown>>(
  options: DjangoSessionsOptions<Data>,
): DjangoSessions<Data> {
  const { url, client, store: given, settings: named, ...rest } = options ?? {}
  if ([url, client, given].filter((source) => source !== undefined).length !== 1) {
    throw new TypeError('djangoSessions() takes one of the options `url`, `client` and `store`.')
  }
  const taken = TOLD_BY_SETTINGS.find((name) => Object.hasOwn(rest, name))
  if (taken !== undefined) {
    throw new TypeError(
      `The option \`${taken}\` of djangoSessions() is told by the \`settings\` of the site.`,
    )
  }
  const settings = resolveSettings(named)
  const { store, close } = given
    ? { store: given, close: async () => {} }
    : openStore({ url, client, now: rest.now, onEvent: rest.onEvent })
  const sessions = createSessions<Data>({
    absoluteTimeout: false,
    ...rest,
    store,
    format: djangoFormat({ ...named, ...(rest.now && { now: rest.now }) }),
    idleTimeout: settings.sessionCookieAge,
    rolling: settings.saveEveryRequest,
    cookie: cookieOf(settings),
    transport: () => djangoTransport(named),
  })
  return Object.assign(sessions, { close })
}

/** What decides when the cookie is sent, and what `sessions.policy` tells; how it looks is the transport's. */
function cookieOf(settings: ResolvedDjangoSettings) {
  const {
    sessionCookieName,
    sessionCookieDomain,
    sessionCookiePath,
    sessionCookieSecure,
    sessionCookieSameSite,
  } = settings
  return {
    name: sessionCookieName,
    path: sessionCookiePath,
    ...(sessionCookieDomain !== undefined && { domain: sessionCookieDomain }),
    secure: sessionCookieSecure,
    sameSite: sessionCookieSameSite === 'Strict' ? 'strict' : 'lax',
    persistent: settings.expireAtBrowserClose ? 'dated' : true,
    deadline: 'idle',
    prefix: false,
  } as const
}
