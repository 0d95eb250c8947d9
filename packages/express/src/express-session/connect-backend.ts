import { changedKeys, handleOf, type SessionEvent, SessionInterruptedError } from '@tegata/core'
import { Deadlines } from './deadlines.ts'
import type { Backend, HeldSession } from './held-session.ts'
import { LoadedData, quietly } from './loaded-data.ts'
import { dataAtOnce } from './memory-store.ts'
import type { Settings } from './options.ts'
import { adopt } from './session-object.ts'
import { overrides, revive } from './store.ts'
import type { ConnectStore, SessionObject, SessionRequest, StoredSession } from './types.ts'

/** Whose session it is: merging never crosses a change of one. */
const IDENTITY_KEYS = ['passport']

/** What is known of a connect store. */
interface Connection {
  store: ConnectStore
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
    own: ownWays(connection),
    create: (id) => new ConnectSession(connection, id),
    load: (id) => ask(connection, 'get', id, undefined, toHeld),
  }
}

/** What stores override, to add something to sessions or to keep something over `regenerate`. */
function ownWays(connection: Connection): Backend['own'] {
  const { store } = connection
  return {
    ...(overrides(store, 'createSession') && {
      createSession(req, stored) {
        store.createSession(req, stored)
        if (req.session) adopt(req.session)
      },
    }),
    ...(overrides(store, 'regenerate') && {
      regenerate: (req) => ask(connection, 'regenerate', req, undefined, nothing),
    }),
  }
}

class ConnectSession implements HeldSession {
  readonly id: string
  readonly #connection: Connection
  #stored: StoredSession | undefined
  /** The data that the store held last, as far as this request has looked at them; `undefined` also while nothing is stored. */
  #base: LoadedData | undefined

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

  save(session: SessionObject, data: LoadedData): Promise<LoadedData> {
    return this.#inTurn(() => {
      const isNew = this.#stored === undefined && this.#base === undefined
      if (isNew || !this.#connection.conditional || this.#isUntouched()) return this.#write(session, data)
      return this.#merge(session, data).then((merged) => this.#write(session, merged))
    })
  }

  /** Whether it is known without asking that the store holds what it held. */
  #isUntouched(): boolean {
    const json = this.#base && dataAtOnce(this.#connection.store, this.id)
    return json !== undefined && json === this.#base?.json
  }

  #write(session: SessionObject, data: LoadedData): Promise<LoadedData> {
    return ask(this.#connection, 'set', this.id, session, nothing).then(() => {
      this.#base = data
      return data
    })
  }

  /** Reading moves no deadline. */
  isTouched(): boolean {
    return false
  }

  touch(used: SessionObject | undefined): Promise<void> {
    const { store } = this.#connection
    if (typeof store.touch !== 'function') return Promise.resolve()
    const req = { sessionID: this.id, sessionStore: store }
    const session = used ?? revive(req, this.#stored as StoredSession).touch()
    return ask(this.#connection, 'touch', this.id, session, nothing)
  }

  async reload() {
    const stored = await fetch(this.#connection, this.id)
    if (!stored) throw new SessionInterruptedError('failed to load session')
    this.#stored = stored
    const data = LoadedData.of(stored)
    this.#base = data
    return { stored, data }
  }

  destroy(): Promise<boolean> {
    const wasStored = this.#stored !== undefined || this.#base !== undefined
    return this.#inTurn(() => ask(this.#connection, 'destroy', this.id, undefined, nothing)).then(() => {
      this.#stored = undefined
      this.#base = undefined
      return wasStored
    })
  }

  /** Puts into `session` what others changed since it was loaded; answers its data then. */
  async #merge(session: SessionObject, data: LoadedData): Promise<LoadedData> {
    const base = this.#base ?? LoadedData.of(this.#stored as StoredSession)
    const current = await fetch(this.#connection, this.id)
    if (current && base.isSameAs(current)) return data
    const loaded = JSON.parse(base.json)
    const mine = changedKeys(loaded, JSON.parse(data.json))
    const theirs = current && changedKeys(loaded, JSON.parse(LoadedData.of(current).json))
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
    return LoadedData.of(session)
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const { queue } = this.#connection
    const before = queue.get(this.id)
    const turn = before ? before.then(operation, operation) : operation()
    const end = () => {
      if (queue.get(this.id) === turn) queue.delete(this.id)
    }
    queue.set(this.id, turn)
    turn.then(end, end)
    return turn
  }
}

type Verb = 'get' | 'set' | 'touch' | 'destroy' | 'regenerate'
/** The session's id; a request for `regenerate`. */
type Subject = string | SessionRequest
type Convert<T> = (connection: Connection, subject: Subject, found: StoredSession | null | undefined) => T

const nothing = () => {}

/** What is stored. Throws a `TypeError` for what has no cookie: it cannot be a session. */
const toStored: Convert<StoredSession | undefined> = (_connection, _subject, found) => {
  if (!found) return undefined
  found.cookie.expires
  return found
}

const toHeld: Convert<ConnectSession | undefined> = (connection, subject, found) => {
  const stored = toStored(connection, subject, found)
  return stored && new ConnectSession(connection, subject as string, stored)
}

const fetch = (connection: Connection, id: string) => ask(connection, 'get', id, undefined, toStored)

/** Stores that keep a file per session answer so for none. */
const isNone = (verb: Verb, error: unknown): boolean =>
  verb === 'get' && (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'

/**
 * One call of a store, which may answer at once, later, by a promise of its own, or never; its own error is passed on as it is,
 * unless it says that there is nothing.
 */
function ask<T>(
  connection: Connection,
  verb: Verb,
  subject: Subject,
  session: SessionObject | undefined,
  convert: Convert<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { deadlines } = connection
    const waiting = deadlines.start(reject)
    const answer = (error: unknown, found?: unknown) => {
      deadlines.end(waiting)
      try {
        if (error && !isNone(verb, error)) reject(error)
        else resolve(convert(connection, subject, error ? undefined : (found as StoredSession | null)))
      } catch (unusable) {
        reject(unusable)
      }
    }
    const fail = (error: unknown) => {
      deadlines.end(waiting)
      if (isNone(verb, error)) answer(error)
      else reject(error)
    }
    try {
      const promise = call(connection.store, verb, subject, session, answer)
      if (promise instanceof Promise) promise.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
  })
}

function call(
  store: ConnectStore,
  verb: Verb,
  subject: Subject,
  session: SessionObject | undefined,
  answer: (error?: unknown, found?: unknown) => void,
): unknown {
  if (!session) return store[verb as 'get'](subject as string, answer)
  return quietly(() => store[verb as 'set'](subject as string, session, answer))
}
