import type { SessionPolicy } from '@tegata/core'
import type { MaxAge } from './max-age.ts'
import type { ResolvedMiddlewareOptions } from './options.ts'

/** `ctx.sessionOptions`: what holds for this request's session. Only `maxAge` can be set; it is `ctx.session.maxAge`. */
export interface SessionOptionsView extends Readonly<ResolvedMiddlewareOptions> {
  /** Milliseconds without use; `'session'` for as long as the browser runs. */
  maxAge: MaxAge | undefined
  /** The name of the cookie. */
  readonly key: string
  readonly path: string
  readonly domain: string | undefined
  readonly secure: boolean | 'auto'
  readonly sameSite: string
  readonly httpOnly: true
}

export function sessionOptions(
  state: { maxAge: MaxAge; readonly sessions: { readonly policy: Readonly<SessionPolicy> } },
  options: ResolvedMiddlewareOptions,
): SessionOptionsView {
  const { policy } = state.sessions
  const { name, path, domain, secure, sameSite } = policy.cookie
  return Object.freeze({
    ...options,
    rolling: options.rolling || policy.rolling,
    ...{ key: name, path, domain, secure, sameSite, httpOnly: true as const },
    get maxAge() {
      return state.maxAge
    },
    set maxAge(maxAge: MaxAge | undefined) {
      state.maxAge = maxAge as MaxAge
    },
  })
}
