import type { SessionEvent, SessionRequest } from '@tegata/core'
import type { KoaApp, KoaContext } from './koa.ts'
import type { ResolvedMiddlewareOptions } from './options.ts'
import { tellApp } from './session-events.ts'

/** What core is told of a request. */
export class ContextRequest implements SessionRequest {
  readonly id: string | undefined
  readonly cookie: string | undefined
  readonly #ctx: KoaContext
  readonly #app: KoaApp

  constructor(ctx: KoaContext, app: KoaApp, { externalKey }: ResolvedMiddlewareOptions) {
    this.#ctx = ctx
    this.#app = app
    this.id = externalKey?.get(ctx) || undefined
    this.cookie = externalKey ? undefined : ctx.req.headers.cookie
  }

  get secure(): boolean {
    return this.#ctx.secure
  }

  onEvent(event: SessionEvent): void {
    tellApp(this.#app, this.#ctx, event)
  }
}
