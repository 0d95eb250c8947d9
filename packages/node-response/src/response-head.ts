import type { OutgoingHttpHeaders } from 'node:http'
import { type AnyResponse, nodeError, ownStatusMessage } from './response.ts'

/** The forms in which writeHead takes headers: an object, `[name, value, …]`, or `[[name, value], …]`. */
type GivenHeaders = OutgoingHttpHeaders | readonly unknown[]

/** What `writeHead` was told, set on the response as if by `setHeader`, where it can still be added to. Throws as Node does. */
export function recordHead(res: AnyResponse, args: readonly unknown[]): void {
  const [status, second, third] = args
  assertStatus(status)
  const reason = typeof second === 'string' ? second : undefined
  const headers = (typeof second === 'string' ? third : (second ?? third)) as GivenHeaders | undefined
  res.statusCode = Math.trunc(Number(status))
  if (reason !== undefined) {
    assertReason(reason)
    if (!('stream' in res)) res.statusMessage = reason
  }
  for (const [name, value] of entries(headers)) res.setHeader(name, value)
}

/** What has been set for the head that Node will write. */
export function assertHead(res: AnyResponse): void {
  assertStatus(res.statusCode)
  const reason = ownStatusMessage(res)
  if (reason) assertReason(reason)
}

function assertReason(reason: string): void {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(reason))
    throw nodeError(new TypeError('Invalid character in statusMessage'), 'ERR_INVALID_CHAR')
}

function assertStatus(status: unknown): void {
  const code = Number(status)
  if (Number.isInteger(Math.trunc(code)) && code >= 100 && code <= 999) return
  throw nodeError(new RangeError(`Invalid status code: ${String(status)}`), 'ERR_HTTP_INVALID_STATUS_CODE')
}

/** Names given several times, as the array forms allow, become one header of several values. */
function entries(headers: GivenHeaders | undefined): Iterable<[string, string | string[]]> {
  if (!headers) return []
  if (!Array.isArray(headers)) {
    return Object.entries(headers as OutgoingHttpHeaders).filter(([, value]) => value !== undefined) as never
  }
  const pairs = Array.isArray(headers[0]) ? (headers as [string, unknown][]) : inPairs(headers)
  const byName = new Map<string, [string, string | string[]]>()
  for (const [name, value] of pairs) {
    const known = byName.get(String(name).toLowerCase())
    const values = [known?.[1] ?? [], value as string].flat() as string[]
    byName.set(String(name).toLowerCase(), [known?.[0] ?? name, known ? values : (value as string)])
  }
  return byName.values()
}

function inPairs(flat: readonly unknown[]): [string, unknown][] {
  if (flat.length % 2 !== 0) {
    throw nodeError(new TypeError('The headers given to writeHead are not in pairs'), 'ERR_INVALID_ARG_VALUE')
  }
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as string, flat[2 * i + 1]])
}

/**
 * What describes the body that will not be sent after all, and the status that is not: by RFC 9110, 9111, 9213 and 9530, those
 * that older ones and browsers know, and an order to forget the cookie, which a failure never gives.
 */
const REPRESENTATION = [
  'accept-ranges',
  'age',
  'allow',
  'cache-control',
  'cdn-cache-control',
  'clear-site-data',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'refresh',
  'repr-digest',
  'retry-after',
  'signature',
  'signature-input',
  'surrogate-control',
  'trailer',
  'transfer-encoding',
  'www-authenticate',
]

/** Takes back what a handler said of a response that is not going to be: the error page says its own. */
export function rollBackHead(res: AnyResponse, setCookie: number | string | string[] | undefined): void {
  for (const name of REPRESENTATION) {
    if (res.hasHeader(name)) res.removeHeader(name)
  }
  if (setCookie === undefined) res.removeHeader('Set-Cookie')
  else res.setHeader('Set-Cookie', setCookie as string | string[])
  res.statusCode = 200
  if ('stream' in res) return
  res.statusMessage = undefined as unknown as string
  // Node has no method that takes trailers back; and of a Content-Length or Transfer-Encoding that was removed it adds none itself:
  // the page would end with the connection.
  Object.assign(res, { _trailer: '', _removedContLen: false, _removedTE: false })
}
