/** What is kept for one request or response, and says for which. */
export interface Kept {
  readonly message: object
}

/** A place where one value is kept per request or response, unseen by applications. */
export interface MessageSlot<T extends Kept> {
  get(message: object): T | undefined
  set(value: T): void
}

/** Node's own state of a readable stream: one per request, found from its response too, and as old as streams are. */
interface Message {
  readonly _readableState?: object | undefined
  readonly req?: { readonly _readableState?: object | undefined } | undefined
}

interface Carrier {
  [name: symbol]: Kept | undefined
}

/** Slots of one name are one, whichever copy or build of this package made them. */
type Registry = { [name: symbol]: WeakMap<object, Kept> | undefined }

/**
 * A property of the request or the response itself would be seen by those who list them, and an entry of a WeakMap costs about 3 µs
 * in garbage collection. So the value lies on the state that Node keeps for the request; what has none, or has
 * it taken, lies in a WeakMap.
 */
export const requestSlot = <T extends Kept>(name: symbol): MessageSlot<T> =>
  messageSlot(name, ({ _readableState }: Message) => _readableState)

/** The same for responses, found by their requests: to ask a response itself for what it lacks costs more. */
export const responseSlot = <T extends Kept>(name: symbol): MessageSlot<T> =>
  messageSlot(name, ({ req }: Message) => req?._readableState)

function messageSlot<T extends Kept>(
  name: symbol,
  carrierOf: (message: Message) => object | undefined,
): MessageSlot<T> {
  const registry = globalThis as unknown as Registry
  registry[name] ??= new WeakMap()
  const others = registry[name] as WeakMap<object, T>
  /** Most questions come several in a row. */
  let last: T | undefined

  return {
    get(message) {
      if (last?.message === message) return last
      const kept = (carrierOf(message) as Carrier | undefined)?.[name] as T | undefined
      const found = kept?.message === message ? kept : others.get(message)
      if (found) last = found
      return found
    },
    set(value) {
      const { message } = value
      last = value
      const carrier = carrierOf(message) as Carrier | undefined
      if (carrier && (carrier[name] === undefined || carrier[name].message === message)) carrier[name] = value
      else others.set(message, value)
    },
  }
}
