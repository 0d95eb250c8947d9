import { Buffer } from 'node:buffer'
import type { Readable } from 'node:stream'
import { DrainWaiters, type Listener, type ListenerMethod } from './drain.ts'
import type { Kept } from './message-slot.ts'
import {
  type AnyResponse,
  cutOff,
  destroyedError,
  finishedError,
  headersSentError,
  isGone,
  nodeError,
  OUTLET,
  type Outlet,
  outletOf,
  writeAfterEndError,
} from './response.ts'
import { assertHead, recordHead, rollBackHead } from './response-head.ts'
import { SentFacade } from './sent-facade.ts'

/** What `holdResponse` calls while it holds a response. */
export interface Hold {
  /** Saves what has to be saved before the response leaves; `undefined`, at once, when there is nothing. */
  commit(): Promise<void> | undefined
  /** Called right before the headers leave: may set some. */
  setHeaders(res: AnyResponse): void
  /** Called when the headers leave. */
  seal(): void
  /** Called when the commit failed; the response has been reset, and this has to answer it, as with an error page. */
  fail(error: unknown): void
}

type Callback = (error?: Error | null) => void

/** What layers above may have replaced: compression takes those who wait for 'drain' as well. */
type Below = Outlet & Pick<AnyResponse, ListenerMethod>

interface HeldCall {
  method: 'write' | 'end' | 'flushHeaders'
  args: unknown[]
  callback?: Callback | undefined
}

/**
 * - `open`: nothing has left, nothing is being saved.
 * - `held`: the first commit runs; what is called meanwhile waits.
 * - `streaming`: the headers have left.
 * - `ending`: the last commit runs, before the last byte.
 * - `ended`: nothing is left to do; every call goes to the layers below.
 * - `over`: given up, or answered in the producer's stead; what still comes is swallowed.
 */
type Phase = 'open' | 'held' | 'streaming' | 'ending' | 'ended' | 'over'

/** So often a held response is saved at most: there are data that are other ones whenever they are looked at. */
const MOST_COMMITS = 5

/** HTTP/2's compatibility API does not tell. */
const DEFAULT_HIGH_WATER_MARK = 16_384

/** What one response's calls come to: they pass, wait for a commit, or are over. */
export class Gate implements Kept {
  readonly message: AnyResponse
  readonly #hold: Hold
  /** The methods as the gate found them: Node's own, or those of layers below. */
  readonly #below: Below
  /** The gate's own methods. */
  readonly #own: Outlet
  /** They are beneath the response, and not on the response itself. */
  readonly isLayered: boolean
  /** Cookies that were set before the gate, which a failed commit leaves. */
  readonly #setCookie: ReturnType<AnyResponse['getHeader']>
  #phase: Phase
  /** `writeHead` was called: the headers are fixed, though they have not left. */
  #isHeadFixed = false
  /** Not by the gate: what is written before the body, Node writes without its length, so that trailers can follow. */
  #isHeadWritten = false
  #facade: SentFacade | undefined
  #drain: DrainWaiters | undefined
  #calls: HeldCall[] = []
  #heldBytes = 0
  /** A producer was told to wait for 'drain'. */
  #isFull = false
  #hasEnd = false
  #commits = 0

  constructor(res: AnyResponse, hold: Hold, own: Outlet, isLayered: boolean, isSent: boolean) {
    this.message = res
    this.#hold = hold
    this.#below = isLayered ? Object.getPrototypeOf(own) : methodsOf(res as unknown as Below)
    this.#own = own
    this.isLayered = isLayered
    const { getHeader } = (isLayered ? this.#below : res) as AnyResponse
    this.#setCookie = getHeader.call(res, 'Set-Cookie')
    this.#phase = isSent ? 'streaming' : 'open'
    if (isSent) hold.seal()
  }

  /** To all who ask, though it is only held. */
  get isShownAsSent(): boolean {
    return this.#facade !== undefined
  }

  /** What is said of `end` as well. */
  get isShownAsEnded(): boolean {
    return this.#hasEnd && this.isShownAsSent
  }

  awaitsDrain(method: ListenerMethod, event: string, listener: Listener): boolean {
    if (event !== 'drain' || !this.#drain) return false
    this.#drain.add(method, listener)
    return true
  }

  write(args: unknown[]): boolean {
    if (this.#phase === 'open') this.#begin(args[0])
    switch (this.#phase) {
      case 'streaming':
      case 'ended':
        return this.#below.write.apply(this.message, args)
      case 'over':
        return this.#refuse(args, destroyedError())
      default:
        assertChunk(args[0])
        if (this.#hasEnd) return this.#refuse(args, writeAfterEndError())
        this.#heldBytes += Buffer.byteLength(args[0] as string, args[1] as BufferEncoding)
        this.#calls.push({ method: 'write', args, callback: callbackOf(args) })
        // That a response is held is no reason to read a whole file into memory.
        this.#isFull = this.#heldBytes >= (this.message.writableHighWaterMark ?? DEFAULT_HIGH_WATER_MARK)
        return !this.#isFull
    }
  }

  end(args: unknown[]): AnyResponse {
    if (this.#phase === 'open' && this.#begin(args[0] ?? '')) return this.#endBelow(args)
    if (this.#phase === 'streaming' && this.#commitLast()) return this.#endBelow(args)
    switch (this.#phase) {
      case 'ended':
        return this.#below.end.apply(this.message, args)
      case 'over':
        this.#refuse(args, destroyedError())
        return this.message
      default:
        return this.#holdEnd(args)
    }
  }

  #holdEnd(args: unknown[]): AnyResponse {
    const callback = callbackOf(args)
    if (this.#hasEnd) {
      if (callback) process.nextTick(callback, finishedError())
      return this.message
    }
    assertChunk(args[0] ?? '')
    this.#hasEnd = true
    this.#facade ??= new SentFacade(this.message, this.isLayered)
    this.#facade.end()
    // Layers below take a callback for a chunk; 'finish' is what it stands for.
    this.#calls.push({
      method: 'end',
      args: callback ? args.slice(0, args.indexOf(callback)) : args,
      callback,
    })
    return this.message
  }

  writeHead(args: unknown[]): AnyResponse {
    // A layer above that is told to go on while the answer in its stead is on its way asks for its head once more.
    if (this.#phase === 'over') return this.message
    if (this.#phase !== 'open' && this.#phase !== 'held')
      return this.#below.writeHead.apply(this.message, args)
    // Layers above ask for the implicit head again and again, as they do not see that it was taken.
    const isImplicit = args.length === 1 && args[0] === this.message.statusCode
    if (this.#facade || this.#isHeadFixed) {
      if (isImplicit) return this.message
      throw headersSentError('write')
    }
    if (isImplicit) assertHead(this.message)
    else recordHead(this.message, args)
    this.#isHeadFixed = true
    this.#isHeadWritten = true
    this.#facade = new SentFacade(this.message, this.isLayered)
    return this.message
  }

  flushHeaders(): void {
    if (this.#phase === 'open') this.#begin('')
    if (this.#phase === 'held') this.#calls.push({ method: 'flushHeaders', args: [] })
    else if (this.#phase !== 'over') this.#below.flushHeaders.call(this.message)
  }

  /** Starts the first commit; `true` when there is nothing to wait for: the response streams at once. */
  #begin(chunk: unknown): boolean {
    assertChunk(chunk)
    assertHead(this.message)
    const committing = this.#hold.commit() ?? this.#leaveNow()
    if (!committing) return true
    this.#fixHead()
    this.#phase = 'held'
    this.#facade ??= new SentFacade(this.message, this.isLayered)
    this.#drain = new DrainWaiters(this.message, this.isLayered)
    this.#wait(committing)
    return false
  }

  /** What handlers changed since the headers left; `true` when there is nothing to wait for. */
  #commitLast(): boolean {
    const committing = this.#hold.commit()
    if (!committing) return true
    this.#phase = 'ending'
    committing.then(
      () => (isGone(this.message) ? this.#abandon() : this.#finish()),
      () => this.#abandon(),
    )
    return false
  }

  #finish(): void {
    this.#lift()
    this.#replay()
  }

  #lift(): void {
    this.#facade?.lift()
    this.#facade = undefined
  }

  #wait(committing: Promise<void>): void {
    this.#commits++
    committing.then(
      () => this.#release(),
      (error) => this.#fail(error),
    )
  }

  /**
   * Lets the layers above write their headers while they still can: they do so when the head is written, which happens
   * below them once the response is released.
   */
  #fixHead(): void {
    if (this.#isHeadFixed) return
    if (this.#hasLayersAbove) outletOf(this.message).writeHead(this.message.statusCode)
    this.#isHeadFixed = true
    this.#isHeadWritten = false
  }

  get #hasLayersAbove(): boolean {
    return outletOf(this.message).writeHead !== this.#own.writeHead
  }

  /** A mistake is answered as when there was something to wait for: thrown, it would be thrown at the error page as well. */
  #leaveNow(): Promise<never> | undefined {
    try {
      this.#leave()
      return undefined
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The headers leave with the next call that reaches the layers below. */
  #leave(): void {
    this.#lift()
    this.#hold.setHeaders(this.message)
    this.#hold.seal()
    this.#phase = 'streaming'
    // The layers above have had their turn, if the head was fixed; it must not be theirs twice.
    if (this.#isHeadFixed && (!this.isLayered || this.#hasLayersAbove)) {
      outletOf(this.message).writeHead = this.#below.writeHead
    }
    if (this.#isHeadWritten) this.#below.writeHead.call(this.message, this.message.statusCode)
  }

  #release(): void {
    if (isGone(this.message)) return this.#abandon()
    try {
      // What a handler changed while the response was held can still be saved before the headers leave.
      const isLast = !this.#hasEnd || this.#commits >= MOST_COMMITS
      const committing = isLast ? undefined : this.#hold.commit()
      if (committing) return this.#wait(committing)
      this.#leave()
    } catch (error) {
      return this.#fail(error)
    }
    this.#replay()
  }

  #replay(): void {
    const calls = this.#calls
    this.#calls = []
    this.#heldBytes = 0
    let isTaken = true
    try {
      for (const { method, args, callback } of calls) {
        if (method === 'end') {
          if (callback) this.message.once('finish', callback)
          this.#endBelow(args)
        } else isTaken = Reflect.apply(this.#below[method], this.message, args) !== false
      }
    } catch (error) {
      // The caller has gone on long ago: what it could have been told was checked when it called.
      cutOff(this.message, error as Error)
    }
    this.#releaseDrain(isTaken)
  }

  /** HTTP/2's `end` writes through the response's own `write`: it has to pass, now and later. */
  #endBelow(args: unknown[]): AnyResponse {
    this.#phase = 'ended'
    const [callback] = args
    if (typeof callback !== 'function' || 'stream' in this.message)
      return this.#below.end.apply(this.message, args)
    // Layers below take it for a chunk, unless the head has been written, which it may not have been.
    this.message.once('finish', callback as Listener)
    return this.#below.end.call(this.message)
  }

  #releaseDrain(isTaken: boolean): void {
    const drain = this.#drain
    this.#drain = undefined
    // Those who had asked before it was held; what has no body is taken whole, and Node has nothing to drain. After the end
    // it is too late for them to write.
    if (isTaken && this.#isFull && !this.#hasEnd) this.message.emit('drain')
    drain?.release(isTaken)
  }

  #fail(error: unknown): void {
    const calls = this.#calls
    this.#calls = []
    if (isGone(this.message)) return this.#abandon()
    this.#lift()
    this.#phase = 'over'
    this.#releaseDrain(true)
    // Methods that were patched above have seen their response end, and would swallow the error page.
    Object.assign(this.message, methodsOf(this.#below))
    rollBackHead(this.message, this.#setCookie)
    try {
      this.#hold.setHeaders(this.message)
    } catch {
      // Perhaps the very failure that is to be told.
    }
    this.#dismiss(calls, error as Error)
    if (this.#hasEnd) return this.#hold.fail(error)
    // A producer is still writing: an error page would come out in between.
    this.#answerPlainly(error)
  }

  #answerPlainly(error: unknown): void {
    const { status = 500 } = error as { status?: number }
    this.message.statusCode = status
    this.message.setHeader('Content-Type', 'text/plain; charset=utf-8')
    this.message.on('unpipe', readOn as Listener)
    this.#endBelow([status === 503 ? 'Service Unavailable' : 'Internal Server Error'])
    this.#phase = 'over'
    for (const method of OUTLET) outletOf(this.message)[method] = this.#own[method] as never
  }

  /** Nobody is there to take what was held. */
  #abandon(): void {
    const calls = this.#calls
    this.#calls = []
    this.#lift()
    this.#releaseDrain(false)
    this.#phase = 'over'
    this.#dismiss(calls, destroyedError())
    if (!isGone(this.message)) cutOff(this.message)
  }

  #dismiss(calls: readonly HeldCall[], error: Error): void {
    for (const { callback } of calls) if (callback) process.nextTick(callback, error)
  }

  #refuse(args: unknown[], error: Error): boolean {
    const callback = callbackOf(args)
    if (callback) process.nextTick(callback, error)
    return true
  }
}

const methodsOf = ({ write, end, writeHead, flushHeaders, on, addListener, once }: Below): Below => ({
  write,
  end,
  writeHead,
  flushHeaders,
  on,
  addListener,
  once,
})

/** A source that was piped into a response which ended without it would stop, and keep its file open. */
function readOn(source: Readable): void {
  if (source.listenerCount('data') === 0) source.resume()
}

const callbackOf = (args: readonly unknown[]): Callback | undefined =>
  args.find((arg): arg is Callback => typeof arg === 'function')

/** As Node throws it, and when: the replay would throw it where nobody can catch it. */
function assertChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || typeof chunk === 'function' || chunk instanceof Uint8Array) return
  if (chunk === null)
    throw nodeError(new TypeError('May not write null values to stream'), 'ERR_STREAM_NULL_VALUES')
  throw nodeError(
    new TypeError('The "chunk" argument must be of type string or an instance of Buffer or Uint8Array'),
    'ERR_INVALID_ARG_TYPE',
  )
}
