import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { SessionContext, SessionRequest, Sessions } from '@tegata/core'
import { type AnyResponse, forbidCaching, type Hold, type Kept, requestSlot } from '@tegata/node-response'
import vary from 'vary'

/** What the middleware keeps of a request, and does with its response. */
export class RequestState implements Kept, SessionRequest, Hold {
  readonly message: IncomingMessage | Http2ServerRequest
  readonly sessions: Sessions<object>
  readonly context: SessionContext<object>
  readonly lazy: boolean
  /** Tells the application's error handlers. */
  readonly fail: (error?: unknown) => void
  /** `req.session`, once it was asked for. */
  view: object | undefined
  /** This request has logged out. */
  isEnded = false
  /** A logout that nobody waits for: the response does. */
  ending: Promise<void> | undefined

  constructor(
    req: IncomingMessage | Http2ServerRequest,
    sessions: Sessions<object>,
    lazy: boolean,
    next: (error?: unknown) => void,
  ) {
    this.message = req
    this.sessions = sessions
    this.lazy = lazy
    this.fail = next
    this.context = sessions.open(this)
  }

  get cookie(): string | undefined {
    return this.message.headers.cookie
  }

  get secure(): boolean {
    const req = this.message
    // Express knows of trusted proxies.
    if ('secure' in req) return Boolean(req.secure)
    return Boolean(req.socket && 'encrypted' in req.socket && req.socket.encrypted)
  }

  commit(): Promise<void> | undefined {
    return this.ending ? this.ending.then(() => this.context.commit()) : this.context.commit()
  }

  setHeaders(res: AnyResponse): void {
    const { setCookies, vary: varies } = this.context.headers()
    if (varies) varyByCookie(res)
    if (setCookies.length === 0) return
    const others = res.getHeader('Set-Cookie') ?? []
    res.setHeader('Set-Cookie', [others, ...setCookies].flat().map(String))
    forbidCaching(res)
  }

  seal(): void {
    this.context.seal()
  }
}

/** Mostly nobody has said anything of it, and there is nothing to parse. */
function varyByCookie(res: AnyResponse): void {
  if (res.getHeader('Vary') === undefined) res.setHeader('Vary', 'Cookie')
  else vary(res as ServerResponse, 'Cookie')
}

/** Shared by the ESM and the CommonJS build of this package, which an application may load both. */
const states = requestSlot<RequestState>(Symbol.for('@tegata/express'))

export const stateOf = (req: object): RequestState | undefined => states.get(req)

export const keepState = (state: RequestState): void => states.set(state)

export function requireState(req: object, caller: string): RequestState {
  const state = stateOf(req)
  if (!state)
    throw new TypeError(
      `${caller} needs the middleware: app.use(session(sessions)) comes before this handler.`,
    )
  return state
}
