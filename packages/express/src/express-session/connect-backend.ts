import {
  changedKeys,
  handleOf,
  type SessionEvent,
  SessionInterruptedError,
  StoreUnavailableError,
} from '@tegata/core'
import { type Backend, dataJson, type HeldSession } from './held-session.ts'
import type { Settings } from './options.ts'
import type { SessionObject } from './session-object.ts'
import { revive } from './store.ts'
import type { ConnectStore, StoredSession } from './types.ts'

/** Whose session it is: merging never crosses a change of one. */
const IDENTITY_KEYS = ['passport']

/** What is known of a connect store. */
interface Connection {
  store: ConnectStore
  /** Ms that one call may take. */
  timeout: number
  conditional: boolean
  /** Writes to one id go one after another within this process. */
  queue: Map<string, Promise<unknown>>
  emit(event: SessionEvent): void
}

/**
 * Sessions in a store made for express-session. Such a store has no conditional verb, so each write of a loaded session asks first what is
 * there: between that answer and the write another process can still come in.
 */
export function connectBackend({ store, conditional, tegata }: Settings & { store: ConnectStore }): Backend {
  const { storeTimeout = 5, onEvent = () => {} } = tegata
  const connection: Connection = {
    ...{ store, conditional },
    emit(event) {
      try {
        onEvent(event)
      } catch (error) {
        // A broken log line must not break a login.
        console.error('Tegata: the option `onEvent` threw.', error)
      }
    },
    timeout: storeTimeout * 1000,
    queue: new Map(),
  }
  return {
    store,
    create: (id) => new ConnectSession(connection, id),
    async load(id) {
      const stored = await fetch(connection, id)
      return stored && new ConnectSession(connection, id, stored)
    },
  }
}

class ConnectSession implements HeldSession {
  readonly id: string
  readonly #connection: Connection
  #stored: StoredSession | undefined
  /** The JSON of the data that the store held last; `undefined` while nothing is stored. */
  #base: string | undefined

  constructor(connection: Connection, id: string, stored?: StoredSession) {
    this.id = id
    this.#connection = connection
    this.#stored = stored
  }

  open() {
    const stored = this.#stored as StoredSession
    // Now, before a handler changes what the store handed out.
    this.#base ??= dataJson(stored)
    return { stored, json: this.#base }
  }

  save(session: SessionObject, json: string): Promise<string> {
    return this.#inTurn(async () => {
      const { conditional, store } = this.#connection
      const isNew = this.#stored === undefined && this.#base === undefined
      const merged = isNew || !conditional ? json : await this.#merge(session, json)
      await this.#ask((done) => store.set(this.id, session, done))
      this.#base = merged
      return merged
    })
  }

  async touch(used: SessionObject | undefined): Promise<void> {
    const { store } = this.#connection
    if (typeof store.touch !== 'function') return
    const req = { sessionID: this.id, sessionStore: store }
    const session = used ?? revive(req, this.#stored as StoredSession).touch()
    await this.#ask((done) => store.touch?.(this.id, session, done))
  }

  async reload() {
    const stored = await fetch(this.#connection, this.id)
    if (!stored) throw new SessionInterruptedError('failed to load session')
    this.#stored = stored
    this.#base = dataJson(stored)
    return { stored, json: this.#base }
  }

  async destroy(): Promise<boolean> {
    const { store } = this.#connection
    const wasStored = this.#stored !== undefined || this.#base !== undefined
    await this.#inTurn(() => this.#ask((done) => store.destroy(this.id, done)))
    this.#stored = undefined
    this.#base = undefined
    return wasStored
  }

  /** Puts into `session` what others changed since it was loaded; answers its JSON then. */
  async #merge(session: SessionObject, json: string): Promise<string> {
    const current = await fetch(this.#connection, this.id)
    const base = this.#base ?? dataJson(this.#stored as StoredSession)
    const loaded = JSON.parse(base)
    const mine = changedKeys(loaded, JSON.parse(json))
    const currentJson = current && dataJson(current)
    if (currentJson === base) return json
    const theirs = currentJson === undefined ? undefined : changedKeys(loaded, JSON.parse(currentJson))
    if (!current || !theirs || theirs.some((key) => IDENTITY_KEYS.includes(key))) {
      this.#connection.emit({ type: 'interrupted', handle: handleOf(this.id), keys: mine })
      throw new SessionInterruptedError()
    }
    const overwritten = theirs.filter((key) => mine.includes(key))
    for (const key of theirs) {
      if (mine.includes(key)) continue
      if (Object.hasOwn(current, key)) (session as Record<string, unknown>)[key] = current[key]
      else delete session[key]
    }
    if (overwritten.length > 0) {
      this.#connection.emit({ type: 'overwritten', handle: handleOf(this.id), keys: overwritten })
    }
    return dataJson(session)
  }

  #ask(call: (done: (error?: unknown) => void) => unknown): Promise<unknown> {
    return ask(this.#connection, call)
  }

  async #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const { queue } = this.#connection
    const before = queue.get(this.id)
    const turn = before ? before.then(operation, operation) : operation()
    const tail = turn.catch(() => {})
    queue.set(this.id, tail)
    try {
      return await turn
    } finally {
      if (queue.get(this.id) === tail) queue.delete(this.id)
    }
  }
}

/** Throws a `TypeError` for what has no cookie: it cannot be a session. */
async function fetch(connection: Connection, id: string): Promise<StoredSession | undefined> {
  const { store } = connection
  let stored: StoredSession | null | undefined
  try {
    stored = await ask<StoredSession | null>(connection, (done) => store.get(id, done))
  } catch (error) {
    // Stores that keep a file per session answer so for none.
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ENOENT') throw error
  }
  if (!stored) return undefined
  stored.cookie.expires
  return stored
}

/** One call of a store, which may answer at once, later, by a promise of its own, or never; its own error is passed on as it is. */
function ask<T>(
  { timeout }: Connection,
  call: (done: (error?: unknown, answer?: T) => void) => unknown,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new StoreUnavailableError(`The session store did not answer within ${timeout / 1000} s.`))
    }, timeout)
    const fail = (error: unknown) => {
      clearTimeout(timer)
      reject(error)
    }
    try {
      const answer = call((error, found) => {
        if (error) return fail(error)
        clearTimeout(timer)
        resolve(found)
      })
      if (answer instanceof Promise) answer.catch(fail)
    } catch (error) {
      fail(error)
    }
  })
}
