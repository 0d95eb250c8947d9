import type { AnyResponse } from './response.ts'

/**
 * Keeps a response that sets the session's cookie out of every cache. What speaks to some caches alone, which go by it instead, is taken
 * back: targeted fields are named so (RFC 9213 §2), and `Surrogate-Control` came before them.
 */
export function forbidCaching(res: AnyResponse): void {
  for (const name of res.getHeaderNames()) {
    if (name.endsWith('-cache-control') || name === 'surrogate-control') res.removeHeader(name)
  }
  res.setHeader('Cache-Control', 'no-store')
}
