import type { SessionRequest } from './types.ts'

/** Whether the client speaks TLS: to this server, or, as far as `proxy` trusts it, to the proxy before it. */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  if ((req.socket as { encrypted?: boolean } | undefined)?.encrypted) return true
  if (proxy === false) return false
  if (proxy !== true) return req.secure === true
  const [proto = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',')
  return proto.trim().toLowerCase() === 'https'
}
