import { inherits } from 'node:util'
import { cookieOf } from './connect-value.ts'
import { Store } from './store.ts'
import type { ConnectStore, StoredSession } from './types.ts'

type Done<T = unknown> = (error: unknown, answer?: T) => void

/** For development: it leaks what nobody asks for again, and is one process' own. */
export interface MemoryStoreObject extends ConnectStore {
  /** JSON by id. */
  sessions: Record<string, string>
  all(done: Done<Record<string, StoredSession>>): void
  clear(done?: Done): void
  length(done: Done<number>): void
}

export interface MemoryStoreConstructor {
  new (): MemoryStoreObject
  prototype: MemoryStoreObject
}

export const MemoryStore = function MemoryStore(this: MemoryStoreObject) {
  Store.call(this)
  this.sessions = Object.create(null)
} as unknown as MemoryStoreConstructor

inherits(MemoryStore, Store)

const methods: ThisType<MemoryStoreObject> = {
  all(done?: Done) {
    const all = Object.create(null)
    for (const id of Object.keys(this.sessions)) {
      const stored = living(this, id)
      if (stored) all[id] = stored
    }
    later(done, null, all)
  },

  clear(done?: Done) {
    this.sessions = Object.create(null)
    later(done)
  },

  destroy(id: string, done?: Done) {
    delete this.sessions[id]
    later(done)
  },

  get(id: string, done: Done) {
    later(done, null, living(this, id))
  },

  set(id: string, session: object, done?: Done) {
    this.sessions[id] = JSON.stringify(session)
    later(done)
  },

  length(done: Done) {
    this.all((error, all) => done(error, all && Object.keys(all).length))
  },

  touch(id: string, session: StoredSession, done?: Done) {
    const found = livingText(this, id)
    if (found) {
      const { text, data } = found
      this.sessions[id] =
        data === undefined
          ? JSON.stringify({ ...JSON.parse(text), cookie: session.cookie })
          : `{"cookie":${JSON.stringify(session.cookie)}${data}`
    }
    later(done)
  },
}

Object.assign(MemoryStore.prototype, methods)

function living(store: MemoryStoreObject, id: string): StoredSession | undefined {
  const text = store.sessions[id]
  if (!text) return undefined
  const stored: StoredSession = JSON.parse(text)
  return isOver(store, id, stored.cookie) ? undefined : stored
}

/** In the JSON of a cookie, whose texts hold no quote of their own. */
const EXPIRES = /"expires":"([^"\\]+)"/

/** The same, without parsing what lies behind the cookie. `data`: what follows a cookie that comes first. */
function livingText(store: MemoryStoreObject, id: string): { text: string; data?: string } | undefined {
  const text = store.sessions[id]
  if (!text) return undefined
  const part = cookieOf(text)
  const expires = part && EXPIRES.exec(part)?.[1]
  const cookie = expires ? { expires } : part ? JSON.parse(part) : JSON.parse(text).cookie
  if (isOver(store, id, cookie)) return undefined
  return part ? { text, data: text.slice('{"cookie":'.length + part.length) } : { text }
}

/**
 * The JSON of what a session holds besides its cookie, at once: in one process nobody comes between this answer and a write. `undefined`
 * for a store whose `get` is not its own, and where it takes more than a glance.
 */
export function dataAtOnce(store: ConnectStore, id: string): string | undefined {
  if (!(store instanceof MemoryStore) || store.get !== MemoryStore.prototype.get) return undefined
  const data = livingText(store, id)?.data
  return data && `{${data.startsWith(',') ? data.slice(1) : data}`
}

/** Removes what has expired. */
function isOver(
  store: MemoryStoreObject,
  id: string,
  cookie: { expires?: Date | string | null } | undefined,
): boolean {
  const expires = cookie?.expires
  if (!expires || new Date(expires).getTime() > Date.now()) return false
  delete store.sessions[id]
  return true
}

function later(done: Done | undefined, ...answer: [error?: unknown, answer?: unknown]): void {
  if (done) setImmediate(done as (...args: unknown[]) => void, ...answer)
}
