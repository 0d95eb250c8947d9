import {
  createSessions,
  type Session,
  SessionDataError,
  type SessionError,
  SessionInterruptedError,
  type SessionStore,
  type Sessions,
} from '@tegata/core'
import { connectValueFormat, expiryOf } from './connect-value.ts'
import { type Backend, type HeldSession, isSameCookie, MOST_LAG } from './held-session.ts'
import { LoadedData, quietly } from './loaded-data.ts'
import type { Settings } from './options.ts'
import { overwriting } from './overwriting.ts'
import { storeFacade } from './store-facade.ts'
import type { SessionObject, StoredSession } from './types.ts'

/** Seconds that a session lasts whose cookie has no date: connect-redis' `ttl`. */
const DEFAULT_IDLE = 86_400

type Data = StoredSession

/** Sessions in a Tegata store: every guarantee of the core, over the values that express-session and connect-redis write. */
export function tegataBackend(settings: Settings & { store: SessionStore }): Backend {
  const { prefix = 'sess:', idleTimeout = DEFAULT_IDLE, ...rest } = settings.tegata
  const store = settings.conditional ? settings.store : overwriting(settings.store)
  const ids = new IdSource()
  const format = connectValueFormat({ prefix, idleTimeout, createId: () => ids.take() })
  const sessions: Sessions<Data> = createSessions<Data>({
    ...rest,
    ...{ store, format, idleTimeout },
    absoluteTimeout: false,
    // Where each response sets the cookie, the touch at its end says whether there is still a session that it is for.
    rolling: !settings.rolling,
  })
  return {
    store: storeFacade(settings.store, format, idleTimeout),
    own: {},

    async load(id) {
      const context = sessions.open({ id })
      await context.load()
      const session = context.loaded as Session<Data>
      // What cannot be read shows now, and not when a handler looks at it.
      session.data
      return session.isNew ? undefined : new TegataSession(session, idleTimeout)
    },

    create(id) {
      const context = sessions.open({})
      context.load()
      const session = context.loaded as Session<Data>
      ids.give(id, () => session.id)
      return new TegataSession(session, idleTimeout)
    },
  }
}

class TegataSession implements HeldSession {
  readonly #session: Session<Data>
  readonly #idleTimeout: number
  /** That of what is stored. */
  #cookie: StoredSession['cookie'] | undefined

  constructor(session: Session<Data>, idleTimeout: number) {
    this.#session = session
    this.#idleTimeout = idleTimeout
  }

  get id(): string {
    return this.#session.id
  }

  open() {
    const { data } = this.#session
    this.#cookie = data.cookie
    const stored = { ...data }
    return { stored, loaded: new LoadedData(stored) }
  }

  async save(session: SessionObject, data: LoadedData): Promise<LoadedData> {
    return (await this.#save(session)) ? LoadedData.of(this.#session.data) : data
  }

  /** Answers whether something of others went into `session`. */
  async #save(session: SessionObject): Promise<boolean> {
    const before = this.#take(session)
    await this.#session.save()
    const { data } = this.#session
    this.#cookie = data.cookie
    return giveBack(before, data, session)
  }

  isTouched(session: SessionObject | undefined): boolean {
    const { isNew, expiry, expiresAt } = this.#session
    if (isNew || (session && !isSameCookie(this.#cookie, session.cookie))) return false
    const idle = (typeof expiry === 'number' ? expiry : this.#idleTimeout) * 1000
    // Less where the idle time is short.
    return Date.now() + idle - expiresAt <= Math.min(idle / 100, MOST_LAG)
  }

  async touch(session: SessionObject | undefined): Promise<void> {
    if (session && !isSameCookie(this.#cookie, session.cookie)) {
      await this.#save(session)
      return
    }
    this.#session.touch()
    await this.#session.save()
  }

  async reload() {
    try {
      await this.#session.reload()
    } catch (error) {
      if ((error as SessionError).code !== 'SESSION_INTERRUPTED') throw error
      throw new SessionInterruptedError('failed to load session')
    }
    if (this.#cookie === undefined) throw new SessionInterruptedError('failed to load session')
    const { data } = this.#session
    this.#cookie = data.cookie
    const stored = { ...data }
    return { stored, data: LoadedData.of(stored) }
  }

  destroy(): Promise<boolean> {
    return this.#session.destroy()
  }

  /** Puts the request's data in the core's hands; the cookie only if it promises something else, as its date is the format's. */
  #take(session: SessionObject): Data {
    const { cookie, ...data } = quietly(() => ({ ...session })) as SessionObject
    const isSame = isSameCookie(this.#cookie, cookie)
    if (!isSame) this.#session.setExpiry(expiryOf(cookie))
    const next = { cookie: isSame ? this.#session.data.cookie : JSON.parse(JSON.stringify(cookie)), ...data }
    this.#session.data = next
    return next
  }
}

/** What others changed meanwhile goes into the request's session, and nothing else: a handler may be at work on it. */
function giveBack(before: Data, after: Data, session: SessionObject): boolean {
  const target: Record<string, unknown> = session
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  names.delete('cookie')
  const changed = [...names].filter((name) => before[name] !== after[name])
  for (const name of changed) {
    if (Object.hasOwn(after, name)) target[name] = after[name]
    else delete target[name]
  }
  return changed.length > 0
}

/** Hands the core ids that express-session's `genid` made of a request. */
class IdSource {
  #next: string | undefined

  give(id: string, take: () => void): void {
    this.#next = id
    take()
    this.#next = undefined
  }

  take(): string {
    // The core asks again when the first one is in use.
    if (this.#next === undefined) throw new SessionDataError('The id that genid() made is another session’s.')
    return this.#next
  }
}
