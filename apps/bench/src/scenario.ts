/** What a server's sessions are set up for. */
export type Mode = 'eager' | 'lazy' | 'rolling'

export const PATHS = ['/ignore', '/read', '/write', '/login', '/logout', '/start'] as const
export type Path = (typeof PATHS)[number]

/** One kind of request. */
export interface Scenario {
  name: string
  path: Path
  mode: Mode
  /**
   * - `none`: a visitor without a session.
   * - `shared`: one of as many sessions as there are connections, over and over.
   * - `own`: a session of its own for every request, as the request ends it.
   */
  cookie: 'none' | 'shared' | 'own'
  /** It is worth asking how it grows with the session. */
  scales?: true
}

export const scenarios: readonly Scenario[] = [
  { name: 'no cookie', path: '/read', mode: 'eager', cookie: 'none' },
  { name: 'ignored', path: '/ignore', mode: 'eager', cookie: 'shared' },
  { name: 'ignored, lazy', path: '/ignore', mode: 'lazy', cookie: 'shared' },
  { name: 'read', path: '/read', mode: 'eager', cookie: 'shared', scales: true },
  { name: 'rolling read', path: '/read', mode: 'rolling', cookie: 'shared' },
  { name: 'write', path: '/write', mode: 'eager', cookie: 'shared', scales: true },
  { name: 'login', path: '/login', mode: 'eager', cookie: 'own' },
  { name: 'logout', path: '/logout', mode: 'eager', cookie: 'own' },
]
