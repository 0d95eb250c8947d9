import type { EventEmitter } from 'node:events'
import { holdResponse } from '@tegata/node-response'
import type { KoaApp, KoaContext } from './koa.ts'

/** What a response waits for. */
export interface Commit {
  /** Saves what the handlers changed; `undefined`, at once, when there is nothing to save. */
  commit(): Promise<void> | undefined
  /** What the end of the request saves by itself: everything, or without `autoCommit` the logouts alone. */
  commitAtEnd(): Promise<void> | undefined
  setHeaders(): void
  /** The headers leave now. */
  seal(): void
}

/**
 * Commits before the response leaves, in two places: after the middleware, where failures are thrown as Koa knows it; and at
 * the first and the last byte, for handlers that write to `ctx.res` themselves and for streams.
 */
export class ResponseCommit {
  readonly #ctx: KoaContext
  readonly #app: KoaApp
  readonly #commit: Commit
  #isHeld = false
  /** The one that runs: who asks meanwhile waits for the same. */
  #running: Promise<void> | undefined
  /** What failed is not tried again: the error page is to leave. */
  #isGivenUp = false
  /** An explicit commit that failed and was perhaps ignored: a response must not leave as if all was well. */
  #untold: { error: unknown } | undefined
  /** The one that bytes of a handler's own are waiting for. */
  #holding: Promise<void> | undefined
  /** Koa's error page has told of the failure. */
  #isTold = false

  constructor(ctx: KoaContext, app: KoaApp, commit: Commit) {
    this.#ctx = ctx
    this.#app = app
    this.#commit = commit
  }

  /** From the first use of the session on: no byte leaves before it is saved, whoever writes it. */
  hold(): void {
    if (this.#isHeld) return
    this.#isHeld = true
    holdResponse(this.#ctx.res, {
      commit: () => {
        this.#holding = this.#atEnd()
        this.#holding?.catch((error) => this.#report(error))
        return this.#holding
      },
      setHeaders: () => this.#commit.setHeaders(),
      seal: () => this.#commit.seal(),
      fail: (error) => {
        this.#isTold = true
        this.#ctx.onerror(error as Error)
      },
    })
  }

  /** What the end of the request does, while a handler still runs. */
  async now(): Promise<void> {
    this.hold()
    try {
      await this.#run(() => this.#commit.commit())
    } catch (error) {
      this.#untold = { error }
      throw error
    }
    this.#commit.setHeaders()
  }

  /** After the handlers, whatever became of them, and before Koa answers. */
  finish(): Promise<void> | undefined {
    const committing = this.#holding ? undefined : this.#atEnd()
    if (!this.#holding && !committing) {
      this.#commit.setHeaders()
      return undefined
    }
    return this.#finishLater(committing)
  }

  async #finishLater(committing: Promise<void> | undefined): Promise<void> {
    // Koa 3 listens to a stream's errors once it sends it, and is told then of one that came before.
    const body = this.#ctx.body as Partial<EventEmitter> | null | undefined
    if (typeof body?.once === 'function') body.once('error', () => {})
    try {
      if (committing) await committing
      else {
        await this.#holding?.catch(() => {})
        await this.#atEnd()
      }
    } catch (error) {
      // What a handler wrote to the response itself was waiting too, and its answer tells.
      if (!this.#holding) throw error
    }
    this.#commit.setHeaders()
  }

  #atEnd(): Promise<void> | undefined {
    if (this.#untold) {
      const { error } = this.#untold
      this.#untold = undefined
      return Promise.reject(error)
    }
    return this.#run(() => this.#commit.commitAtEnd())
  }

  #run(save: () => Promise<void> | undefined): Promise<void> | undefined {
    if (this.#running || this.#isGivenUp) return this.#running
    this.#running = save()
      ?.catch((error) => {
        this.#isGivenUp = true
        throw error
      })
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }

  /** A response in the middle of its body is not handed to Koa's error page, which would have told of the failure. */
  #report(error: unknown): void {
    setImmediate(() => {
      if (!this.#isTold) this.#app.emit('error', error, this.#ctx)
    })
  }
}
