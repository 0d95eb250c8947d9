import type { SessionData } from './format.ts'
import { own } from './merge.ts'

/**
 * Tells what a handler may have changed in its data, without serialising what it never held in its hands: objects stand
 * behind accessors that give way to the plain value when first read or written.
 */
export class WatchedData {
  readonly #data: SessionData
  /** The values as they were; objects by reference. */
  #before: SessionData
  /** Keys whose object nobody has seen. */
  readonly #unseen = new Set<string>()
  #isQuiet = false

  constructor(data: SessionData) {
    this.#data = data
    this.#before = { ...data }
    for (const key of Object.keys(data)) if (isObject(data[key])) this.#hide(key, data[key])
    // Consoles would print accessors as such.
    Object.defineProperty(data, Symbol.for('nodejs.util.inspect.custom'), {
      configurable: true,
      value: () => this.quietly(() => ({ ...data })),
    })
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
    this.#before = this.quietly(() => ({ ...this.#data }))
  }

  /** The keys that have changed, and those of objects that a handler has held and may have changed inside. */
  suspects(): { changed: string[]; held: string[] } {
    const [data, before] = [this.#data, this.#before]
    const changed: string[] = []
    const held: string[] = []
    for (const key of Object.keys(before)) {
      if (this.#isUnseen(key)) continue
      const [is, was] = [own(data, key), before[key]]
      if (isObject(is) && isObject(was)) held.push(key)
      else if (!Object.is(is, was)) changed.push(key)
    }
    for (const key of Object.keys(data)) {
      if (!Object.hasOwn(before, key) && data[key] !== undefined) changed.push(key)
    }
    return { changed, held }
  }

  /** A key that was deleted, and perhaps set anew, has no accessor any more. */
  #isUnseen(key: string): boolean {
    return this.#unseen.has(key) && Object.getOwnPropertyDescriptor(this.#data, key)?.get !== undefined
  }

  #hide(key: string, value: unknown): void {
    const reveal = (now: unknown) => {
      this.#unseen.delete(key)
      Object.defineProperty(this.#data, key, {
        configurable: true,
        enumerable: true,
        writable: true,
        value: now,
      })
    }
    this.#unseen.add(key)
    Object.defineProperty(this.#data, key, {
      configurable: true,
      enumerable: true,
      get: () => {
        if (!this.#isQuiet) reveal(value)
        return value
      },
      set: reveal,
    })
  }
}

const isObject = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
