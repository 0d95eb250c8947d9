import type { Request } from 'express'

const MAX_NAME_LENGTH = 64

/** The name of who logs in. Throws what is answered as 400. */
export function readUser(body: unknown): string {
  const user = (body as { user?: unknown } | undefined)?.user
  const name = typeof user === 'string' ? user.trim() : ''
  if (name === '' || name.length > MAX_NAME_LENGTH) {
    throw httpError(400, 'INVALID_USER', `\`user\` must be a name of 1 to ${MAX_NAME_LENGTH} characters.`)
  }
  return name
}

/**
 * A form on another site may not log anybody in or out here. SameSite=Lax keeps our cookie out of such a
 * request, but a login needs no cookie. Browsers say where a request comes from; other clients need not.
 */
export function isFromElsewhere(req: Request): boolean {
  if (req.method === 'GET' || req.method === 'HEAD') return false
  const site = req.get('Sec-Fetch-Site')
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const origin = req.get('Origin')
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === req.get('Host'))
}

export function httpError(status: number, code: string, message: string): Error {
  return Object.assign(new Error(message), { status, code, expose: status < 500 })
}
