import { type AnyResponse, headersSentError, ownStatusMessage } from './response.ts'

const SETTERS = {
  setHeader: 'set',
  setHeaders: 'set',
  appendHeader: 'append',
  removeHeader: 'remove',
} as const
type Setter = keyof typeof SETTERS

const SHOWN = ['headersSent', 'writableFinished', ...(Object.keys(SETTERS) as Setter[])] as const

/**
 * While a response is held it looks sent to all who ask: otherwise `res.json(…); next()` would let a later handler rewrite what
 * is on its way.
 */
export class SentFacade {
  readonly #res: AnyResponse
  readonly #statusCode: number
  readonly #statusMessage: string | undefined
  #before: Map<string, PropertyDescriptor | undefined> | undefined

  readonly #isLayered: boolean
  readonly #isHttp2: boolean

  /** `isLayered`: methods of the application show the headers as sent. */
  constructor(res: AnyResponse, isLayered: boolean) {
    this.#res = res
    this.#isLayered = isLayered && !hasOwnShown(res)
    this.#isHttp2 = 'stream' in res
    this.#statusCode = res.statusCode
    this.#statusMessage = ownStatusMessage(res)
    if (this.#isLayered) return
    this.#define('headersSent', { get: () => true })
    // What Node makes of `writableEnded` and a socket that has nothing to send.
    if ('writableFinished' in res) this.#define('writableFinished', { get: () => false })
    for (const [name, verb] of Object.entries(SETTERS)) {
      if (!(name in res)) continue
      this.#define(name, {
        writable: true,
        value: () => {
          throw headersSentError(verb)
        },
      })
    }
  }

  /** From the call of `end` on. */
  end(): void {
    if (this.#isLayered) return
    this.#define('writableEnded', { get: () => true })
    // Node's server asks for the deprecated `finished` when it closes, and hangs up on whoever is not waiting for anything.
    if (this.#isHttp2) this.#define('finished', { get: () => true })
  }

  lift(): void {
    for (const [name, descriptor] of this.#before ?? []) {
      if (descriptor) Object.defineProperty(this.#res, name, descriptor)
      else delete (this.#res as unknown as Record<string, unknown>)[name]
    }
    this.#before = undefined
    // What somebody set meanwhile came too late, as it would have without the gate.
    if (this.#res.statusCode !== this.#statusCode) this.#res.statusCode = this.#statusCode
    // Express' responses have none of their own yet, and a property that is added to them costs microseconds.
    if (!this.#isHttp2 && ownStatusMessage(this.#res) !== this.#statusMessage) {
      this.#res.statusMessage = this.#statusMessage as string
    }
  }

  #define(name: string, descriptor: PropertyDescriptor): void {
    this.#before ??= new Map()
    if (!this.#before.has(name)) this.#before.set(name, Object.getOwnPropertyDescriptor(this.#res, name))
    Object.defineProperty(this.#res, name, { configurable: true, ...descriptor })
  }
}

function hasOwnShown(res: AnyResponse): boolean {
  for (const name of SHOWN) if (Object.hasOwn(res, name)) return true
  return false
}
