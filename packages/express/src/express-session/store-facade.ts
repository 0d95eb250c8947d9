import type { SessionFormat, SessionStore } from '@tegata/core'
import { keeperOf } from './keeper-of.ts'
import { Session } from './session-object.ts'
import { Store } from './store.ts'
import type { ConnectStore, SessionObject, StoredSession } from './types.ts'

type Done<T = unknown> = (error?: unknown, answer?: T) => void

/**
 * `req.sessionStore` of a Tegata store, for those who look up, change or end sessions by id, as with any connect store; its
 * `set` asks for nothing. Requests keep their own sessions otherwise.
 */
export function storeFacade(store: SessionStore, format: SessionFormat, idleTimeout: number): ConnectStore {
  const read = async (id: string) => {
    const found = await store.read(format.keyOf(id))
    if (found instanceof Error) throw found
    const decoded = found && format.decode(found.value, format.keyOf(id))
    return decoded && decoded !== 'ended' ? (format.deserialize(decoded.serialized) as StoredSession) : null
  }
  const deadline = ({ cookie }: StoredSession) =>
    cookie.expires ? new Date(cookie.expires).getTime() : Date.now() + idleTimeout * 1000
  const write = async (id: string, session: StoredSession) => {
    const key = format.keyOf(id)
    const value = Buffer.from(JSON.stringify(session))
    const expiresAt = deadline(session)
    const answer = await store.replace(key, value, expiresAt)
    if (answer instanceof Error) throw answer
    if (answer.outcome === 'gone') await store.create(key, value, expiresAt)
  }

  const verbs = {
    get: (id: string, done: Done<StoredSession | null>) => settle(read(id), done),
    set(id: string, session: StoredSession, done?: Done) {
      // As `save` does it: at the end of the request it counts as saved.
      if (isKept(id, session)) session.save(done)
      else settle(write(id, session), done)
    },
    destroy: (id: string, done?: Done) =>
      settle(store.destroy(format.keyOf(id)), done && ((error) => done(error))),
    touch: (id: string, session: StoredSession, done?: Done) =>
      settle(store.touch(format.keyOf(id), deadline(session)), done && ((error) => done(error))),
  }
  return Object.assign(new Store(), verbs)
}

/** Whether it is what a request has as `req.session`, and not a copy of it. */
const isKept = (id: string, session: object): session is SessionObject =>
  session instanceof Session && session.id === id && keeperOf(session.req) !== undefined

function settle<T>(work: Promise<T>, done: Done<T> = () => {}): void {
  work.then(
    (answer) => process.nextTick(done, null, answer),
    (error) => process.nextTick(done, error),
  )
}
