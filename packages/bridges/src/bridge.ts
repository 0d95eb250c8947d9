import {
  assertStorable,
  type EnumerableStore,
  fromUtf8,
  handleOf,
  isIndexKey,
  mergeData,
  parseData,
  type SessionData,
  SessionDataError,
  type SessionStore,
  SessionValueError,
  StoreUnavailableError,
  same,
  stringifyData,
  utf8,
  type WriteOutcome,
} from '@tegata/core'
import { Loaded } from './loaded.ts'
import { type BridgeOptions, resolveOptions } from './options.ts'

/** The store under another library: its sessions as JSON under a prefix, saved only over what was read. */
export class Bridge {
  readonly store: SessionStore
  readonly prefix: string
  readonly #options: Required<BridgeOptions>

  /** `own` are the defaults of the library. */
  constructor(store: SessionStore, options: BridgeOptions, own?: Partial<BridgeOptions>) {
    if (typeof store?.replace !== 'function')
      throw new TypeError('A bridge takes a session store, such as ioredisStore(client), as its store.')
    this.store = store
    this.#options = resolveOptions(options, own)
    this.prefix = this.#options.prefix
  }

  /** Rejects with a `SessionValueError` for what cannot be a session. */
  async read(id: string): Promise<{ data: SessionData; loaded: Loaded } | null> {
    const key = this.prefix + id
    const found = await this.#call(() => this.store.read(key), 'not-applied')
    if (found === null) return null
    if (found instanceof Error) throw found
    return { data: parse(found.value), loaded: new Loaded(key, found.value, parse(found.value)) }
  }

  /**
   * Saves over what `loaded` says, merging by top-level key with what others wrote since; a session that ended meanwhile stays
   * ended, and an event tells of it. Without `loaded` it is written whatever is there. `session` may be anything with a JSON.
   */
  async save(id: string, session: object, expiresAt: number, loaded?: Loaded): Promise<Loaded | undefined> {
    const key = this.prefix + id
    const mine = dataOf(session)
    if (!loaded || loaded.key !== key) return this.#write(key, mine, expiresAt)
    if (loaded.hasEnded) return undefined

    const before = loaded.base
    let theirs = loaded.value
    const giveUp = this.#giveUp()
    // Others may be faster each time: `#change` throws when the time is over.
    for (;;) {
      const now = parse(theirs)
      if (this.#options.identityKeys.some((name) => !same(before[name], now[name]))) break
      const { data, conflicts } = mergeData(before, mine, now, ({ mine: value }) => value)
      const value = utf8(stringifyData(data))
      const expected = { whole: theirs }
      const answer = await this.#change(
        (options) => this.store.replace(key, value, expiresAt, expected, options),
        giveUp,
      )
      if (answer.outcome === 'replaced') {
        loaded.value = value
        loaded.base = mine
        const keys = conflicts.filter((name) => !METADATA.includes(name))
        if (keys.length > 0) this.#options.onEvent({ type: 'overwritten', handle: handleOf(id), keys })
        return loaded
      }
      if (answer.outcome === 'gone') break
      theirs = answer.value
    }
    loaded.hasEnded = true
    const keys = Object.keys(mine).filter(
      (name) => !METADATA.includes(name) && !same(before[name], mine[name]),
    )
    if (keys.length > 0) this.#options.onEvent({ type: 'interrupted', handle: handleOf(id), keys })
    return undefined
  }

  /** Moves the deadline of a session that lives. */
  async touch(id: string, expiresAt: number): Promise<void> {
    await this.#call((options) => this.store.touch(this.prefix + id, expiresAt, options), 'unknown')
  }

  async destroy(id: string): Promise<void> {
    await this.#call(() => this.store.destroy(this.prefix + id), 'unknown')
  }

  /** When a session ends that says so by a date, or by nothing: epoch ms. */
  deadline(expires: unknown): number {
    if (expires === undefined || expires === null || expires === false) {
      return Date.now() + this.#options.ttl * 1000
    }
    const time = new Date(expires as string | Date).getTime()
    return Number.isNaN(time) ? 0 : time
  }

  /** Ids of all sessions. Throws a `TypeError` for a store that cannot list them. */
  async ids(): Promise<string[]> {
    if (!this.store.supports.enumerate)
      throw new TypeError(`The session store '${this.store.name}' cannot list its sessions.`)
    const ids = new Set<string>()
    for await (const key of (this.store as EnumerableStore).keys(this.prefix)) {
      if (!isIndexKey(key, this.prefix)) ids.add(key.slice(this.prefix.length))
    }
    return [...ids]
  }

  /** Writes over whatever is there. */
  async #write(key: string, data: SessionData, expiresAt: number): Promise<Loaded> {
    const value = utf8(stringifyData(data))
    const giveUp = this.#giveUp()
    const create = () =>
      this.#call((options) => this.store.create(key, value, expiresAt, options), 'unknown', giveUp)
    const isOver = expiresAt <= Date.now()
    // A deadline that has passed creates nothing, and ends what is there.
    const isNew = !isOver && (await create())
    if (!isNew)
      await this.#change((options) => this.store.replace(key, value, expiresAt, undefined, options), giveUp)
    return new Loaded(key, value, data)
  }

  async #change<T>(
    call: (options: { notAfter: number }) => Promise<T>,
    giveUp: number,
  ): Promise<Exclude<T, Error>> {
    const answer = await this.#call(call, 'unknown', giveUp)
    if (answer instanceof Error) throw answer
    return answer as Exclude<T, Error>
  }

  /** When the time of a call that begins now is over, of whatever commands it takes. */
  #giveUp(): number {
    return Date.now() + this.#options.storeTimeout * 1000
  }

  /** Rejects with a `StoreUnavailableError` when the time is over. */
  async #call<T>(
    call: (options: { notAfter: number }) => Promise<T>,
    outcome: WriteOutcome,
    giveUp = this.#giveUp(),
  ): Promise<T> {
    const left = giveUp - Date.now()
    if (left <= 0) throw this.#lateError('not-applied')
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#lateError(outcome)), left)
    })
    try {
      return await Promise.race([call({ notAfter: giveUp }), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #lateError(outcome: WriteOutcome): StoreUnavailableError {
    return new StoreUnavailableError(
      `The session store did not answer within ${this.#options.storeTimeout} s.`,
      { outcome },
    )
  }
}

/** What these libraries rewrite at every save. */
const METADATA = ['cookie', '_expire', '_maxAge']

function parse(value: Uint8Array): SessionData {
  let text: string
  try {
    text = fromUtf8(value)
  } catch (cause) {
    throw new SessionValueError('The stored session is not UTF-8 text.', { cause })
  }
  return parseData(text)
}

/** The session as its JSON says. Throws a `SessionDataError`, also for what could not be read again. */
function dataOf(session: object): SessionData {
  let data: SessionData
  try {
    data = JSON.parse(JSON.stringify(session))
  } catch (cause) {
    throw new SessionDataError('The session cannot be stored as JSON.', { cause })
  }
  assertStorable(data)
  return data
}
