import type { AnyResponse } from './response.ts'

export type Listener = (...args: unknown[]) => void
type Register = (event: string, listener: Listener) => AnyResponse

const METHODS = ['on', 'addListener', 'once'] as const
export type ListenerMethod = (typeof METHODS)[number]

/**
 * Who waits for 'drain' while a response is held. Such a listener may not go where the layers below would take it:
 * compression moves it to a stream of its own, which nothing has been written to yet, and nobody would ever wake it.
 */
export class DrainWaiters {
  readonly #res: AnyResponse
  #own: Map<string, unknown> | undefined
  readonly #waiting: [method: ListenerMethod, listener: Listener][] = []

  /** `isLayered`: methods of the application pass the listeners on to `add`. */
  constructor(res: AnyResponse, isLayered: boolean) {
    this.#res = res
    if (isLayered && !hasOwnMethods(res)) return
    const own = new Map<string, unknown>()
    this.#own = own
    const target = res as unknown as Record<string, Register>
    for (const method of METHODS) {
      const below = target[method] as Register
      own.set(method, Object.hasOwn(res, method) ? below : undefined)
      target[method] = (event, listener) => {
        if (event !== 'drain') return below.call(res, event, listener)
        this.add(method, listener)
        return res
      }
    }
  }

  add(method: ListenerMethod, listener: Listener): void {
    this.#waiting.push([method, listener])
  }

  /** Hands the listeners on; wakes them where nothing will, as all that was held has been taken. */
  release(isTaken: boolean): void {
    const target = this.#res as unknown as Record<string, unknown>
    for (const [method, own] of this.#own ?? []) {
      if (own) target[method] = own
      else delete target[method]
    }
    for (const [method, listener] of this.#waiting) {
      if (!isTaken || method !== 'once') (target[method] as Register).call(this.#res, 'drain', listener)
      if (isTaken) listener.call(this.#res)
    }
  }
}

function hasOwnMethods(res: AnyResponse): boolean {
  for (const method of METHODS) if (Object.hasOwn(res, method)) return true
  return false
}
