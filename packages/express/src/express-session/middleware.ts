import type { ServerResponse } from 'node:http'
import { connectBackend } from './connect-backend.ts'
import type { Backend } from './held-session.ts'
import { Keeper } from './keeper.ts'
import { keeperOf, setKeeper } from './keeper-of.ts'
import { isTegataStore, type Options, resolveOptions, type Settings } from './options.ts'
import { tegataBackend } from './tegata-backend.ts'
import type { ConnectStore, SessionRequest } from './types.ts'

export type Middleware = (req: SessionRequest, res: ServerResponse, next: (error?: unknown) => void) => void

/** express-session's middleware: its options, its order of things. Throws a `TypeError` for an option it cannot be made with. */
export function createMiddleware(options?: Options): Middleware {
  const settings = resolveOptions(options)
  const backend = createBackend(settings)
  const { store } = backend
  store.generate = (req) => keeperOf(req)?.generate()
  let isReady = true
  store.on?.('disconnect', () => {
    isReady = false
  })
  store.on?.('connect', () => {
    isReady = true
  })

  return (req, res, next) => {
    const mounted = keeperOf(req)
    if (mounted ? Object.hasOwn(req, 'session') : req.session) return next()
    if (!isReady || !isInPath(req, settings.cookie)) return next()
    const secrets = settings.secrets ?? (req.secret ? [req.secret] : undefined)
    if (!secrets) return next(new Error('secret option required for sessions'))

    req.sessionStore = store
    const keeper = new Keeper(req, res, settings, backend, secrets, next)
    setKeeper(req, keeper)
    const loading = keeper.start()
    if (loading) loading.then(() => next(), next)
    else next()
  }
}

function createBackend(settings: Settings): Backend {
  const { store } = settings
  return isTegataStore(store)
    ? tegataBackend({ ...settings, store })
    : connectBackend({ ...settings, store: store as ConnectStore })
}

/** Where the browser would not send the cookie there is no session: the path as the client sees it, whatever it is mounted at. */
function isInPath(req: SessionRequest, cookie: Settings['cookie']): boolean {
  const { path } = (typeof cookie === 'function' ? cookie(req) : cookie) as { path?: string }
  return pathOf(req.originalUrl ?? req.url ?? '').startsWith(path || '/')
}

/** Of `/path?query`, and of `http://host/path?query` as proxies are asked. */
const pathOf = (url: string): string => /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] || '/'
