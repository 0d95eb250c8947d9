import type { IncomingMessage, ServerResponse } from 'node:http'

/** What is used of Koa's application; those of Koa 2 and 3 fit, and its types are not needed. */
export interface KoaApp {
  context: object
  use(middleware: never): unknown
  emit(event: string, ...args: unknown[]): boolean
}

/** What is used of Koa's context. Hooks may ask for more of it: `(ctx: Context) => …` fits as well. */
export interface KoaContext {
  req: IncomingMessage
  res: ServerResponse
  body?: unknown
  /** The request came over TLS, as a trusted proxy (`app.proxy`) saw it. */
  secure: boolean
  vary(field: string): void
  onerror(error: Error): void
}
