import type { Expiry, Session, SessionPolicy } from '@tegata/core'

/** Milliseconds without use; `'session'` for as long as the browser runs. */
export type MaxAge = number | 'session'

/** What is no number of milliseconds, 0 included, means a cookie without a date, as in koa-session. */
export const expiryOf = (maxAge: MaxAge | null | undefined): Expiry =>
  typeof maxAge === 'number' && maxAge !== 0 ? maxAge / 1000 : 'browser'

export function maxAgeOf(
  { idleTimeout, cookie }: SessionPolicy,
  session: Session<object> | undefined,
): MaxAge {
  const expiry = session?.expiry ?? (cookie.persistent ? idleTimeout : 'browser')
  if (expiry === 'browser') return 'session'
  return expiry instanceof Date ? expiry.getTime() - Date.now() : expiry * 1000
}
