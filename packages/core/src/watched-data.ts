import type { SessionData } from './format.ts'
import type { DataMember } from './json-members.ts'
import { own } from './merge.ts'

/** What stands behind an accessor until it is first asked for. */
interface Unseen {
  /** Answers the same object at every call. */
  read(): unknown
  /** The JSON text that it was read from, or would be, where it is known. */
  text: string | undefined
}

/** Of an object that was there, all that a comparison needs to know beforehand. */
const AN_OBJECT = {}

/**
 * Tells what a handler may have changed in its data, without serialising, or even parsing, what it never held in its hands:
 * objects stand behind accessors that give way to the plain value when first read or written.
 */
export class WatchedData {
  readonly data: SessionData
  /** Whether the text of members that nobody has seen is known. */
  readonly isText: boolean
  /** The values as they were; `AN_OBJECT` for objects. */
  readonly #before = new Map<string, unknown>()
  /** Keys whose object nobody has seen. */
  readonly #unseen = new Map<string, Unseen>()
  #isQuiet = false

  /** Of data that were parsed as a whole. */
  static of(data: SessionData): WatchedData {
    const watched = new WatchedData(data, false)
    for (const key of Object.keys(data)) {
      const value = data[key]
      if (isObject(value)) watched.#hide(key, { read: () => value, text: undefined })
    }
    return watched.#begin()
  }

  /** Of members whose objects are still to be parsed, by `read`. */
  static ofMembers(members: readonly DataMember[], read: (text: string) => unknown): WatchedData {
    const watched = new WatchedData({}, true)
    for (const { key, text, value, isObject } of members) {
      if (isObject) watched.#hide(key, { read: once(() => read(text)), text })
      else watched.data[key] = value
    }
    return watched.#begin()
  }

  private constructor(data: SessionData, isText: boolean) {
    this.data = data
    this.isText = isText
  }

  #begin(): this {
    this.rebase()
    // Consoles would print accessors as such.
    Object.defineProperty(this.data, Symbol.for('nodejs.util.inspect.custom'), {
      configurable: true,
      value: () => this.quietly(() => ({ ...this.data })),
    })
    return this
  }

  /** Looks at the data without being noticed. */
  quietly<T>(look: () => T): T {
    this.#isQuiet = true
    try {
      return look()
    } finally {
      this.#isQuiet = false
    }
  }

  /** From now on a change is what differs from what is there now; objects that a handler holds it may still change. */
  rebase(): void {
    this.#before.clear()
    for (const key of Object.keys(this.data)) {
      const value = this.#isUnseen(key) ? AN_OBJECT : this.data[key]
      this.#before.set(key, isObject(value) ? AN_OBJECT : value)
    }
  }

  /** The keys that have changed, and those of objects that a handler has held and may have changed inside. */
  suspects(): { changed: string[]; held: string[] } {
    const { data } = this
    const changed: string[] = []
    const held: string[] = []
    for (const [key, was] of this.#before) {
      if (this.#isUnseen(key)) continue
      const is = own(data, key)
      if (was === AN_OBJECT && isObject(is)) held.push(key)
      else if (!Object.is(is, was)) changed.push(key)
    }
    for (const key of Object.keys(data)) {
      if (!this.#before.has(key) && data[key] !== undefined) changed.push(key)
    }
    return { changed, held }
  }

  /** The JSON text of a member that nobody has seen, where it is known. */
  textOf(key: string): string | undefined {
    return this.#isUnseen(key) ? this.#unseen.get(key)?.text : undefined
  }

  /** A key that was deleted, and perhaps set anew, has no accessor any more. */
  #isUnseen(key: string): boolean {
    return this.#unseen.has(key) && Object.getOwnPropertyDescriptor(this.data, key)?.get !== undefined
  }

  #hide(key: string, unseen: Unseen): void {
    const reveal = (now: unknown) => {
      this.#unseen.delete(key)
      const plain = { configurable: true, enumerable: true, writable: true, value: now }
      // Of data that a handler has frozen or sealed the accessor stays.
      if (!Reflect.defineProperty(this.data, key, plain)) unseen.read = () => now
    }
    this.#unseen.set(key, unseen)
    Object.defineProperty(this.data, key, {
      configurable: true,
      enumerable: true,
      get: () => {
        const value = unseen.read()
        if (!this.#isQuiet) reveal(value)
        return value
      },
      set: reveal,
    })
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const isObject = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
