import { inspect } from 'node:util'
import type { Session } from '@tegata/core'
import { RequestCookie } from './request-cookie.ts'
import type { RequestState } from './request-state.ts'

type Callback = (error?: unknown) => void

/** What `req.session` can do, beside holding the data as properties. */
export interface RequestSessionMethods {
  /** The secret that the cookie carries. */
  readonly id: string
  /** How long this session lasts. */
  readonly cookie: RequestCookie
  /** Saves now; the end of the request does it anyway. */
  save(callback?: Callback): Promise<void>
  /** Ends the session at once. `req.session` is `undefined` from then on. */
  destroy(callback?: Callback): Promise<void>
  /** Ends the session and starts a new, empty one under a new id. */
  regenerate(callback?: Callback): Promise<void>
  /** Forgets what this request changed. */
  reload(callback?: Callback): Promise<void>
  /** Moves the idle deadline at the end of the request. */
  touch(): this
  resetMaxAge(): this
}

/** `req.session`: the data as properties, and methods that hide behind data of the same name. */
export type RequestSession<Data extends object> = Data & RequestSessionMethods

/** The data of a request's session as `req.session` shows them: what is enumerated, copied or printed is the data alone. */
export function requestSession<Data extends object>(
  state: RequestState,
  session: Session<Data>,
): RequestSession<Data> {
  const handler = new RequestSessionHandler(state, session)
  return new Proxy(new Printable(), handler) as RequestSession<Data>
}

/** What stands behind the proxy is what consoles print. */
class Printable {
  /** Called on the proxy. */
  [inspect.custom]() {
    return { ...this }
  }
}

class RequestSessionHandler implements ProxyHandler<object> {
  readonly #state: RequestState
  readonly #session: Session<object>
  #methods: RequestSessionMethods | undefined
  #prototype: object | undefined
  /** What the session held when it ended under this view: people copy it into the next one. */
  #last: object | undefined

  constructor(state: RequestState, session: Session<object>) {
    this.#state = state
    this.#session = session
  }

  /** Made when first asked for: most requests need the data alone. */
  get methods(): RequestSessionMethods {
    this.#methods ??= this.#createMethods(this.#state, this.#session)
    return this.#methods
  }

  get data(): object {
    return this.#last ?? this.#session.data
  }

  get(_: object, key: PropertyKey): unknown {
    const data = this.data
    // Not what objects inherit: whoever stores a `constructor` gets that one back.
    if (Object.hasOwn(data, key)) return Reflect.get(data, key)
    return Reflect.get(key in this.methods ? this.methods : data, key)
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    if (key === 'cookie' || key === 'id') throw new TypeError(`req.session.${key} cannot be replaced.`)
    return Reflect.set(this.data, key, value)
  }

  /** Libraries look there for `save`; what is enumerated stays the data. */
  getPrototypeOf(): object {
    this.#prototype ??= Object.create(Object.prototype, hidden(this.methods))
    return this.#prototype as object
  }

  has(_: object, key: PropertyKey): boolean {
    return key in this.data || key in this.methods
  }

  deleteProperty(_: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.data, key)
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.data)
  }

  getOwnPropertyDescriptor(_: object, key: PropertyKey): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(this.data, key)
    return descriptor && { ...descriptor, configurable: true }
  }

  defineProperty(_: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.data, key, { ...descriptor, configurable: true })
  }

  #createMethods(state: RequestState, session: Session<object>): RequestSessionMethods {
    const { context, sessions } = state
    let cookie: RequestCookie | undefined
    const end = async (ending: () => Promise<unknown>) => {
      this.#last = { ...this.data }
      await ending()
      state.view = undefined
      state.isEnded = true
    }
    const methods: RequestSessionMethods = {
      get id() {
        return session.id
      },
      get cookie() {
        cookie ??= new RequestCookie(session, sessions.policy.cookie)
        return cookie
      },
      save: (callback) => settle(session.save(), callback),
      destroy: (callback) =>
        settle(
          end(() => context.destroy()),
          callback,
        ),
      regenerate: (callback) =>
        settle(
          end(() => context.restart()),
          callback,
        ),
      reload: (callback) => settle(session.reload(), callback),
      touch() {
        session.touch()
        return this
      },
      resetMaxAge() {
        session.touch()
        return this
      },
    }
    return methods
  }
}

const hidden = (methods: object): PropertyDescriptorMap =>
  Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(methods)).map(([name, descriptor]) => [
      name,
      { ...descriptor, enumerable: false },
    ]),
  )

/** For callbacks and promises alike: who passes a callback is told there, and only there. */
async function settle(work: Promise<unknown>, callback: Callback | undefined): Promise<void> {
  if (!callback) {
    await work
    return
  }
  let failure: [unknown] | undefined
  try {
    await work
  } catch (error) {
    failure = [error]
  }
  // Outside of the promise: what a callback throws is not this session's failure.
  process.nextTick(callback, ...(failure ?? []))
}
