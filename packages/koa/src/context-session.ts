import { inspect } from 'node:util'
import type { MaxAge } from './max-age.ts'

type Callback = (error?: unknown) => void

/** What `ctx.session` can do, beside holding the data as properties. */
export interface ContextSessionMethods {
  /** It was not loaded from the store. */
  readonly isNew: boolean
  /** How many values it holds. */
  readonly length: number
  /** Whether it holds any. */
  readonly populated: boolean
  /** Milliseconds without use; `'session'`: as long as the browser runs. Setting it stores even an empty session. */
  maxAge: MaxAge
  /** The secret that the cookie carries. */
  readonly externalKey: string | undefined
  /** Saves now, even an empty session; the end of the request does it anyway. */
  save(callback?: Callback): Promise<void>
  /** Gives the session a new id, keeping its data, and saves it. */
  regenerate(callback?: Callback): Promise<void>
  /** With `autoCommit: false`: does now what the end of the request does otherwise. */
  manuallyCommit(callback?: Callback): Promise<void>
  /** The data that is stored, as an object of its own. */
  toJSON(): Record<string, unknown>
  /** As `toJSON()`. */
  inspect(): Record<string, unknown>
}

/** `ctx.session`: the data as properties, and methods that hide behind data of the same name. */
export type ContextSession<Data extends object = Record<string, unknown>> = Data & ContextSessionMethods

/** What a view needs of the request behind it. */
interface Source {
  readonly data: Record<string, unknown>
  readonly isNew: boolean
  readonly id: string | undefined
  maxAge: MaxAge
  save(): Promise<void>
  regenerate(): Promise<void>
  commitNow(): Promise<void>
}

/** A request's data as `ctx.session` shows them: what is enumerated, copied or printed is the data alone. */
export function contextSession(source: Source): ContextSession {
  const handler = new ContextSessionHandler(source)
  return new Proxy(new Printable(), handler) as ContextSession
}

/** Not functions, and no names that begin with an underscore: koa-session never stores them. */
const isStorable = (key: string, value: unknown) => !key.startsWith('_') && typeof value !== 'function'

export const storable = (data: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).filter(([key, value]) => isStorable(key, value)))

/** What stands behind the proxy is what consoles print. */
class Printable {
  /** Called on the proxy. */
  [inspect.custom]() {
    return storable(this)
  }
}

/** Computed, so that no data can stand in front of them. */
const ACCESSORS: ReadonlySet<PropertyKey> = new Set(['isNew', 'length', 'populated', 'maxAge', 'externalKey'])

class ContextSessionHandler implements ProxyHandler<object> {
  readonly #source: Source
  #made: ContextSessionMethods | undefined
  /** What is not storable lasts for the request. */
  readonly #passing: Record<string, unknown> = {}

  constructor(source: Source) {
    this.#source = source
  }

  /** Made when first asked for: most requests need the data alone. */
  get #methods(): ContextSessionMethods {
    this.#made ??= this.#createMethods(this.#source)
    return this.#made
  }

  stored(): Record<string, unknown> {
    return storable(this.#source.data)
  }

  get(_: object, key: PropertyKey): unknown {
    return Reflect.get(this.#holderOf(key), key)
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    if (ACCESSORS.has(key)) return Reflect.set(this.#methods, key, value)
    const isPassing = !isStorable(String(key), value)
    const [holder, other] = isPassing
      ? [this.#passing, this.#source.data]
      : [this.#source.data, this.#passing]
    Reflect.deleteProperty(other, key)
    return Reflect.set(holder, key, value)
  }

  has(_: object, key: PropertyKey): boolean {
    return key in this.#holderOf(key)
  }

  deleteProperty(_: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#passing, key) && Reflect.deleteProperty(this.#source.data, key)
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#source.data)
  }

  getOwnPropertyDescriptor(_: object, key: PropertyKey): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(this.#source.data, key)
    return descriptor && { ...descriptor, configurable: true }
  }

  defineProperty(_: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#source.data, key, { ...descriptor, configurable: true })
  }

  /** Not what objects inherit: whoever stores a `constructor` gets that one back. */
  #holderOf(key: PropertyKey): object {
    if (ACCESSORS.has(key)) return this.#methods
    if (Object.hasOwn(this.#passing, key)) return this.#passing
    const { data } = this.#source
    return Object.hasOwn(data, key) || !(key in this.#methods) ? data : this.#methods
  }

  #createMethods(source: Source): ContextSessionMethods {
    const stored = () => this.stored()
    return {
      get isNew() {
        return source.isNew
      },
      get length() {
        return Object.keys(stored()).length
      },
      get populated() {
        return Object.keys(stored()).length > 0
      },
      get maxAge() {
        return source.maxAge
      },
      set maxAge(maxAge) {
        source.maxAge = maxAge
      },
      get externalKey() {
        return source.id
      },
      save: (callback) => settle(source.save(), callback),
      regenerate: (callback) => settle(source.regenerate(), callback),
      manuallyCommit: (callback) => settle(source.commitNow(), callback),
      toJSON: stored,
      inspect: stored,
    }
  }
}

/** For callbacks and promises alike: who passes a callback is told there, and only there. */
async function settle(work: Promise<void>, callback: Callback | undefined): Promise<void> {
  if (!callback) return work
  const failure = await work.then(
    () => [],
    (error: unknown) => [error],
  )
  // Outside of the promise: what a callback throws is not this session's failure.
  process.nextTick(callback, ...failure)
}
