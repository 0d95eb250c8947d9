import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'

/** What the gate uses of a response; HTTP/1 and HTTP/2's compatibility API both have it. */
export type AnyResponse = ServerResponse | Http2ServerResponse

/** The methods through which bytes leave, whose overloads differ between HTTP/1 and HTTP/2. */
export interface Outlet {
  write(...args: unknown[]): boolean
  end(...args: unknown[]): AnyResponse
  writeHead(...args: unknown[]): AnyResponse
  flushHeaders(): void
}

export const OUTLET = ['write', 'end', 'writeHead', 'flushHeaders'] as const

export const outletOf = (res: AnyResponse): Outlet => res as unknown as Outlet

/** One that was set: to ask Express' response for what it lacks costs more than all the rest, and HTTP/2 has none. */
export const ownStatusMessage = (res: AnyResponse): string | undefined =>
  Object.hasOwn(res, 'statusMessage') ? (res as ServerResponse).statusMessage : undefined

/** The client has gone: nothing that is written now reaches anybody. */
export function isGone(res: AnyResponse): boolean {
  return 'stream' in res ? res.stream?.destroyed !== false : res.destroyed
}

/** Ends a response so that nobody takes it for whole. */
export function cutOff(res: AnyResponse, error?: Error): void {
  // A stream of HTTP/2 that is destroyed without a reason looks ended.
  if ('stream' in res) res.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else res.destroy(error)
}

/** An error as Node's own streams give it. */
export function nodeError<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

export const headersSentError = (verb: string) =>
  nodeError(new Error(`Cannot ${verb} headers after they are sent to the client`), 'ERR_HTTP_HEADERS_SENT')

export const destroyedError = () =>
  nodeError(new Error('Cannot write after the response was destroyed'), 'ERR_STREAM_DESTROYED')

export const finishedError = () =>
  nodeError(new Error('Cannot end a response that has been ended'), 'ERR_STREAM_ALREADY_FINISHED')

export const writeAfterEndError = () =>
  nodeError(new Error('Cannot write after the end'), 'ERR_STREAM_WRITE_AFTER_END')
