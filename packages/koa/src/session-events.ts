import type { SessionEvent } from '@tegata/core'
import type { KoaApp, KoaContext } from './koa.ts'

/** koa-session's events of the application; each comes with `{ key, value, ctx }`. */
export type SessionEventName = 'session:missed' | 'session:expired' | 'session:invalid'

/** Tells the application, once the middleware has gone on. `key` is the public handle, never the id: events are logged. */
export function emitSessionEvent(
  app: KoaApp,
  ctx: KoaContext,
  name: SessionEventName,
  key: string,
  value?: unknown,
): void {
  setImmediate(() => app.emit(name, { key, value, ctx }))
}

/** What core tells of a request's session, by koa-session's names. */
export function tellApp(app: KoaApp, ctx: KoaContext, event: SessionEvent): void {
  switch (event.type) {
    case 'unknown-id':
    case 'ended-id':
      return emitSessionEvent(app, ctx, 'session:missed', event.handle)
    case 'expired':
      return emitSessionEvent(app, ctx, 'session:expired', event.handle)
    case 'invalid-value':
      return emitSessionEvent(app, ctx, 'session:invalid', event.handle)
  }
}
