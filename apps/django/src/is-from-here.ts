import type { IncomingHttpHeaders } from 'node:http'

/** Whether a request comes from a page of this very origin, as browsers tell; other clients need not tell. */
export function isFromHere({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}
