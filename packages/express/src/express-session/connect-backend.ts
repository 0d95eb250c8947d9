import {
  changedKeys,
  handleOf,
  type SessionEvent,
  SessionInterruptedError,
  StoreUnavailableError,
} from '@tegata/core'
import { Deadlines } from './deadlines.ts'
import { type Backend, dataJson, type HeldSession } from './held-session.ts'
import { LoadedData, quietly } from './loaded-data.ts'
import type { Settings } from './options.ts'
import type { SessionObject } from './session-object.ts'
import { revive } from './store.ts'
import type { ConnectStore, StoredSession } from './types.ts'

/** Whose session it is: merging never crosses a change of one. */
const IDENTITY_KEYS = ['passport']

/** What is known of a connect store. */
interface Connection {
  store: ConnectStore
  /** Of its calls. */
  deadlines: Deadlines
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
    deadlines: new Deadlines(storeTimeout * 1000),
    queue: new Map(),
  }
  return {
    store,
    create: (id) => new ConnectSession(connection, id),
    load: (id) => fetch(connection, id, (stored) => stored && new ConnectSession(connection, id, stored)),
  }
}

class ConnectSession implements HeldSession {
  readonly id: string
  readonly #connection: Connection
  #stored: StoredSession | undefined
  /** The data that the store held last, as far as this request has looked at them; `undefined` also while nothing is stored. */
  #base: string | LoadedData | undefined

  constructor(connection: Connection, id: string, stored?: StoredSession) {
    this.id = id
    this.#connection = connection
    this.#stored = stored
  }

  open() {
    const stored = this.#stored as StoredSession
    // Now, before a handler changes what the store handed out.
    const loaded = new LoadedData(stored)
    this.#base ??= loaded
    return { stored, loaded }
  }

  save(session: SessionObject, json: string): Promise<string> {
    return this.#inTurn(() => {
      const isNew = this.#stored === undefined && this.#base === undefined
      if (isNew || !this.#connection.conditional) return this.#write(session, json)
      return this.#merge(session, json).then((merged) => this.#write(session, merged))
    })
  }

  #write(session: SessionObject, json: string): Promise<string> {
    const { store } = this.#connection
    return ask(
      this.#connection,
      (done) => quietly(() => store.set(this.id, session, done)),
      () => {
        this.#base = json
        return json
      },
    )
  }

  touch(used: SessionObject | undefined): Promise<void> {
    const { store } = this.#connection
    if (typeof store.touch !== 'function') return Promise.resolve()
    const req = { sessionID: this.id, sessionStore: store }
    const session = used ?? revive(req, this.#stored as StoredSession).touch()
    return ask(this.#connection, (done) => quietly(() => store.touch?.(this.id, session, done)), nothing)
  }

  async reload() {
    const stored = await fetch(this.#connection, this.id, itself)
    if (!stored) throw new SessionInterruptedError('failed to load session')
    this.#stored = stored
    const json = dataJson(stored)
    this.#base = json
    return { stored, json }
  }

  destroy(): Promise<boolean> {
    const { store } = this.#connection
    const wasStored = this.#stored !== undefined || this.#base !== undefined
    const forget = () => {
      this.#stored = undefined
      this.#base = undefined
      return wasStored
    }
    return this.#inTurn(() => ask(this.#connection, (done) => store.destroy(this.id, done), forget))
  }

  /** Puts into `session` what others changed since it was loaded; answers its JSON then. */
  async #merge(session: SessionObject, json: string): Promise<string> {
    const base = this.#base ?? dataJson(this.#stored as StoredSession)
    const current = await fetch(this.#connection, this.id, itself)
    if (current && (typeof base === 'string' ? dataJson(current) === base : base.isSameAs(current)))
      return json
    const currentJson = current && dataJson(current)
    const loaded = JSON.parse(typeof base === 'string' ? base : base.json)
    const mine = changedKeys(loaded, JSON.parse(json))
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

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const { queue } = this.#connection
    const before = queue.get(this.id)
    const turn = before ? before.then(operation, operation) : operation()
    const end = () => {
      if (queue.get(this.id) === tail) queue.delete(this.id)
    }
    const tail = turn.then(end, end)
    queue.set(this.id, tail)
    return turn
  }
}

const nothing = () => {}
const itself = (stored: StoredSession | undefined) => stored

/** What is stored. Rejects with a `TypeError` for what has no cookie: it cannot be a session. */
function fetch<T>(
  connection: Connection,
  id: string,
  convert: (stored: StoredSession | undefined) => T,
): Promise<T> {
  const { store } = connection
  return ask<StoredSession | null, T>(
    connection,
    (done) => store.get(id, done),
    (stored) => {
      if (!stored) return convert(undefined)
      stored.cookie.expires
      return convert(stored)
    },
    // Stores that keep a file per session answer so for none.
    (error) => (error as NodeJS.ErrnoException | null)?.code === 'ENOENT',
  )
}

/**
 * One call of a store, which may answer at once, later, by a promise of its own, or never; its own error is passed on as it is,
 * unless it says that there is nothing.
 */
function ask<Found, T>(
  { deadlines }: Connection,
  call: (done: (error?: unknown, answer?: Found) => void) => unknown,
  convert: (found: Found | undefined) => T,
  isNone: (error: unknown) => boolean = () => false,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const waiting = deadlines.start(() => {
      reject(new StoreUnavailableError(`The session store did not answer within ${deadlines.ms / 1000} s.`))
    })
    const fail = (error: unknown) => {
      deadlines.end(waiting)
      if (isNone(error)) resolve(convert(undefined))
      else reject(error)
    }
    try {
      const answer = call((error, found) => {
        if (error) return fail(error)
        deadlines.end(waiting)
        try {
          resolve(convert(found))
        } catch (unusable) {
          reject(unusable)
        }
      })
      if (answer instanceof Promise) answer.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
  })
}
