import type { ServerResponse } from 'node:http'
import { shareShape } from '@tegata/node-response'
import { connectBackend } from './connect-backend.ts'
import { Cookie } from './cookie.ts'
import { CookieLines } from './cookie-lines.ts'
import type { Backend } from './held-session.ts'
import { Keeper } from './keeper.ts'
import { keeperOf, setKeeper } from './keeper-of.ts'
import type { Mount } from './mount.ts'
import { generateId, isTegataStore, type Options, resolveOptions, type Settings } from './options.ts'
import { CookieSigner } from './signed-cookie.ts'
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
  const lines = { set: new CookieLines(settings.name), clear: new CookieLines(settings.name) }
  const mountFor = (signer: CookieSigner): Mount => ({
    ...{ settings, backend, signer, lines },
    createsLate: canCreateLate(settings),
  })
  const mount = settings.secrets && mountFor(new CookieSigner(settings.secrets))
  /** Of the secret that cookie-parser gave its requests last: it has one. */
  let parsers: { secret: string; mount: Mount } | undefined
  const mountOfParser = (secret: string): Mount => {
    if (parsers?.secret !== secret) parsers = { secret, mount: mountFor(new CookieSigner([secret])) }
    return parsers.mount
  }

  return (req, res, next) => {
    // First: all that follows takes less time then.
    shareShape(req)
    shareShape(res)
    const mounted = keeperOf(req)
    if (mounted ? mounted.hasSession : req.session) return next()
    if (!isReady || !isInPath(req, settings.cookie)) return next()
    const own = mount ?? (req.secret ? mountOfParser(req.secret) : undefined)
    if (!own) return next(new Error('secret option required for sessions'))

    const keeper = new Keeper(req, res, own, next)
    setKeeper(keeper)
    mounted?.giveWay(keeper)
    keeper.start()
  }
}

function createBackend(settings: Settings): Backend {
  const { store } = settings
  return isTegataStore(store)
    ? tegataBackend({ ...settings, store })
    : connectBackend({ ...settings, store: store as ConnectStore })
}

/** Whether nobody sees when a new session is made: no function of the application has a part in it, and nothing can throw. */
function canCreateLate({ genid, cookie }: Settings): boolean {
  if (genid !== generateId || typeof cookie === 'function') return false
  try {
    return Boolean(new Cookie(cookie))
  } catch {
    return false
  }
}

/** Where the browser would not send the cookie there is no session: the path as the client sees it, whatever it is mounted at. */
function isInPath(req: SessionRequest, cookie: Settings['cookie']): boolean {
  const { path } = (typeof cookie === 'function' ? cookie(req) : cookie) as { path?: string }
  const url = req.originalUrl ?? req.url ?? ''
  if ((!path || path === '/') && url.startsWith('/')) return true
  return pathOf(url).startsWith(path || '/')
}

/** Of `/path?query`, and of `http://host/path?query` as proxies are asked. */
const pathOf = (url: string): string => /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] || '/'
