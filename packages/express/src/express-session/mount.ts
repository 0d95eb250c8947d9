import type { CookieLines } from './cookie-lines.ts'
import type { Backend } from './held-session.ts'
import type { Settings } from './options.ts'
import type { CookieSigner } from './signed-cookie.ts'

/** What the requests of one middleware share. */
export interface Mount {
  readonly settings: Settings
  readonly backend: Backend
  readonly signer: CookieSigner
  readonly lines: { set: CookieLines; clear: CookieLines }
  /** A new session is made when it is asked for. */
  readonly createsLate: boolean
}
