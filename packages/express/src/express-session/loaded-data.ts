import { inspect } from 'node:util'
import { Session } from './session-object.ts'
import type { SessionObject, StoredSession } from './types.ts'

/** Of so many values on, an array or object is not serialised before somebody has had it in hand. */
const MANY = 32

/** A large value of the session. */
interface Large {
  value: unknown
  /** Its JSON when it was handed out: from then on it may change. */
  json?: string
  /** What stands for it until then. */
  property: PropertyDescriptor
}

/** Whoever reads a large value right now keeps nothing of it. */
let isQuiet = false

/** Reads what a session holds, at once and without changing anything of it: what was not handed out stays so. */
export function quietly<T>(read: () => T): T {
  const before = isQuiet
  isQuiet = true
  try {
    return read()
  } finally {
    isQuiet = before
  }
}

/**
 * The data of a session as they were at some point, to tell whether they changed since. Small ones are copied: to copy and compare
 * them costs less than half of serialising them twice. Large values of a loaded session stand behind accessors, which give way
 * to the plain value at the first use: what no handler had in its hands it cannot have changed.
 */
export class LoadedData {
  readonly #names: readonly string[]
  /** Copies of all but the large values; `undefined` where one of them is more than plain data. */
  readonly #copies: Record<string, unknown> | undefined
  readonly #large: Map<string, Large> | undefined
  #rest: string | undefined
  #json: string | undefined

  /** Without `loaded` large values will be shown by this object; with it those count as hidden that still are since then. */
  constructor(stored: Record<string, unknown>, loaded?: LoadedData | null) {
    this.#names = dataNames(stored)
    const isPlainlyNamed = !this.#names.includes('__proto__')
    const copies: Record<string, unknown> = {}
    let isCopied = isPlainlyNamed
    for (const name of isPlainlyNamed ? this.#names : []) {
      const hidden = loaded ? loaded.#large?.get(name) : undefined
      if (hidden && Object.getOwnPropertyDescriptor(stored, name)?.get === hidden.property.get) {
        this.#large ??= new Map()
        this.#large.set(name, hidden)
        continue
      }
      const value = stored[name]
      const copy = copyOf(value)
      if (copy !== UNCOPIED) copies[name] = copy
      else if (loaded === undefined && isHideable(name, value)) {
        this.#large ??= new Map()
        this.#large.set(name, large(name, value))
      } else isCopied = false
    }
    if (isCopied) this.#copies = copies
    else this.#rest = this.#large ? JSON.stringify(this.#restOf(stored)) : dataJson(stored)
  }

  /** Of a session as it is now; `loaded`: of what it was made of. */
  static of(session: Record<string, unknown>, loaded?: LoadedData): LoadedData {
    return quietly(() => new LoadedData(session, loaded ?? null))
  }

  /** JSON of all data as loaded. */
  get json(): string {
    this.#json ??= this.#large ? JSON.stringify(this.#asLoaded(this.#large)) : this.#restJson
    return this.#json
  }

  /** JSON of all but the large values. */
  get #restJson(): string {
    this.#rest ??= JSON.stringify(this.#copies)
    return this.#rest
  }

  /** What a session object is made with: large values follow by `show`. */
  shallow(stored: StoredSession): StoredSession {
    if (!this.#large) return stored
    const copy = { ...stored }
    for (const name of this.#large.keys()) copy[name] = undefined
    return copy
  }

  show<T extends StoredSession | SessionObject>(session: T): T {
    if (!this.#large) return session
    for (const [name, large] of this.#large) Object.defineProperty(session, name, large.property)
    return Object.defineProperty(session, inspect.custom, { configurable: true, value: plainly })
  }

  /** Whether the data of `session`, which shows them, are what they were. */
  isIn(session: SessionObject): boolean {
    return quietly(() => this.#isIn(session))
  }

  #isIn(session: SessionObject): boolean {
    if (!this.#hasSameRest(session)) return false
    for (const [name, large] of this.#large ?? []) {
      const property = Object.getOwnPropertyDescriptor(session, name) as PropertyDescriptor
      const isSame = property.get
        ? property.get === large.property.get
        : large.json !== undefined && JSON.stringify(property.value) === large.json
      if (!isSame) return false
    }
    return true
  }

  /** Whether `stored`, which was read later and nobody has changed, holds the same. */
  isSameAs(stored: StoredSession): boolean {
    if (!this.#hasSameRest(stored)) return false
    for (const [name, { value, json }] of this.#large ?? []) {
      if (!(json === undefined ? isSame(stored[name], value) : JSON.stringify(stored[name]) === json))
        return false
    }
    return true
  }

  #hasSameRest(object: Record<string, unknown>): boolean {
    const names = dataNames(object)
    const hasSameNames = areSame(names, this.#names)
    const isKnown = this.#copies && this.#compare(this.#copies, object, hasSameNames, names)
    if (isKnown !== undefined) return isKnown
    // What is put together in another way may still have the same JSON.
    if (!this.#large) return dataJson(object) === this.#restJson
    return hasSameNames && JSON.stringify(this.#restOf(object)) === this.#restJson
  }

  /** `undefined` where only their JSON can tell. */
  #compare(
    copies: Record<string, unknown>,
    object: Record<string, unknown>,
    hasSameNames: boolean,
    names: readonly string[],
  ): boolean | undefined {
    let isEqual: boolean | undefined = true
    if (hasSameNames) {
      for (const name of names) {
        const answer = this.#large?.has(name) || compare(copies[name], object[name])
        if (answer === false) return false
        if (answer === undefined) isEqual = undefined
      }
      return isEqual
    }
    for (const name of names) {
      if (!(name in copies) && !this.#large?.has(name) && isScalar(object[name])) return false
    }
    return undefined
  }

  #restOf(object: Record<string, unknown>): object {
    const rest: Record<string, unknown> = {}
    for (const name of this.#names) if (!this.#large?.has(name)) rest[name] = object[name]
    return rest
  }

  #asLoaded(large: Map<string, Large>): object {
    const rest = JSON.parse(this.#restJson)
    const all: Record<string, unknown> = {}
    for (const name of this.#names) {
      const one = large.get(name)
      if (!one) all[name] = rest[name]
      else all[name] = one.json === undefined ? one.value : JSON.parse(one.json)
    }
    return all
  }
}

/** The data as they are compared and stored: without the cookie, which moves at each request. */
function dataJson({ cookie: _, ...data }: Record<string, unknown>): string {
  return JSON.stringify(data)
}

function dataNames(object: object): string[] {
  const names = Object.keys(object)
  const cookie = names.indexOf('cookie')
  // `splice` would answer an array for nobody.
  if (cookie >= 0) names.copyWithin(cookie, cookie + 1).pop()
  return names
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether it is large, and an accessor can stand for it. */
const isHideable = (name: string, value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  countTo(MANY, value) >= MANY &&
  !(name in Session.prototype || name === 'req' || name === 'id')

function large(name: string, value: object): Large {
  const show = (target: object, shown: unknown) => {
    Object.defineProperty(target, name, {
      ...{ configurable: true, enumerable: true, writable: true },
      value: shown,
    })
  }
  const one: Large = {
    value,
    property: {
      configurable: true,
      enumerable: true,
      get() {
        if (isQuiet) return value
        one.json ??= JSON.stringify(value)
        show(this, value)
        return value
      },
      set(replacement) {
        show(this, replacement)
      },
    },
  }
  return one
}

const UNCOPIED = Symbol('large, or more than plain data')

/** Of plain data, with the same JSON, if they are small. */
function copyOf(value: unknown): unknown {
  let left = MANY
  return copy(value)

  function copy(original: unknown): unknown {
    if (typeof original === 'bigint' || typeof original === 'function' || --left < 0) return UNCOPIED
    if (typeof original !== 'object' || original === null) return original
    if (Array.isArray(original)) return copyArray(original)
    if (!isPlain(original)) return UNCOPIED
    const copies: Record<string, unknown> = {}
    for (const name in original) {
      const inner = name === '__proto__' ? UNCOPIED : copy(original[name])
      if (inner === UNCOPIED) return UNCOPIED
      copies[name] = inner
    }
    return copies
  }

  function copyArray(original: readonly unknown[]): unknown {
    const copies: unknown[] = []
    for (let i = 0; i < original.length; i++) {
      const inner = copy(original[i])
      if (inner === UNCOPIED) return UNCOPIED
      copies.push(inner)
    }
    return copies
  }
}

/** How many values there are, inner ones included; counts no further than `limit`. */
function countTo(limit: number, value: object): number {
  let count = 0
  const add = (inner: unknown) => {
    count += 1
    if (typeof inner === 'object' && inner !== null && count < limit) count += countTo(limit - count, inner)
  }
  if (Array.isArray(value)) for (let i = 0; i < value.length && count < limit; i++) add(value[i])
  else
    for (const name in value) {
      if (count >= limit) break
      add((value as Record<string, unknown>)[name])
    }
  return count
}

/** Whether two values have the same JSON. */
const isSame = (a: unknown, b: unknown): boolean => compare(a, b) ?? JSON.stringify(a) === JSON.stringify(b)

/** Whether two values have the same JSON; `undefined` where only that can tell. */
function compare(a: unknown, b: unknown): boolean | undefined {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b)
    return isScalar(a) && isScalar(b) ? false : undefined
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false
    let isEqual: boolean | undefined = true
    for (let i = 0; i < a.length; i++) {
      const answer = compare(a[i], b[i])
      if (answer === false) return false
      if (answer === undefined) isEqual = undefined
    }
    return isEqual
  }
  if (!isPlain(a) || !isPlain(b)) return undefined
  const names = Object.keys(a)
  let isEqual: boolean | undefined = true
  let i = 0
  for (const name in b) {
    if (name !== names[i++]) return undefined
    const answer = compare(a[name], b[name])
    if (answer === false) return false
    if (answer === undefined) isEqual = undefined
  }
  return i === names.length ? isEqual : undefined
}

/** What JSON has a word of its own for. */
const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)

const isPlain = (value: object): value is Record<string, unknown> =>
  Object.getPrototypeOf(value) === Object.prototype && !('toJSON' in value)

/** On consoles. */
function plainly(this: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(this)), this)
}
