import type { IdChange, SessionContext } from '@tegata/core'
import { forbidCaching } from '@tegata/node-response'
import type { KoaContext } from './koa.ts'
import type { ExternalKey } from './options.ts'

/**
 * Says on the response what became of the id, as often as asked: Koa takes every header back before it answers an error,
 * and who rotated a session before it threw would be logged out without the new cookie.
 */
export class SessionCookies {
  #said: string | undefined
  #values: readonly string[] = []
  #vary = false

  /** Answers whether there is anything that must not be taken back. */
  set(ctx: KoaContext, context: SessionContext<object>, externalKey: ExternalKey | undefined): boolean {
    const change = context.idChange()
    // Nearly always the id has not changed: the shortest way for both calls of a request.
    if (!change && this.#said === undefined && this.#values.length === 0) {
      if (!externalKey && context.headers().vary) varyByCookie(ctx)
      return false
    }
    const said = textOf(change)
    const isNews = said !== this.#said
    const isTakenBack = isNews && !change
    this.#said = said
    if (change) forbidCaching(ctx.res)
    if (externalKey) {
      if (isTakenBack || (isNews && change)) externalKey.set(ctx, change?.type === 'set' ? change.id : '')
      return false
    }

    const { res } = ctx
    const others = [res.getHeader('Set-Cookie') ?? []].flat().map(String)
    const kept = others.filter((cookie) => !this.#values.includes(cookie))
    if (isNews || !change) {
      const { setCookies, vary } = context.headers()
      this.#values = setCookies
      this.#vary = vary
    }
    if (this.#vary) varyByCookie(ctx)
    const cookies = [...kept, ...this.#values]
    if (cookies.length > 0) res.setHeader('Set-Cookie', cookies)
    else if (others.length > 0) res.removeHeader('Set-Cookie')
    return change !== undefined
  }

  /** Koa is about to take back what `externalKey` said as well. */
  forget(): void {
    this.#said = undefined
  }
}

/** Mostly nobody has said anything of it, and there is nothing to parse. */
function varyByCookie(ctx: KoaContext): void {
  const varies = ctx.res.getHeader('Vary')
  if (varies === undefined) ctx.res.setHeader('Vary', 'Cookie')
  else if (varies !== 'Cookie') ctx.vary('Cookie')
}

const textOf = (change: IdChange | undefined) => change && JSON.stringify(change)
