import { SessionError, type Sessions, StoreUnavailableError } from '@tegata/core'
import type { Stalls } from './stalls.ts'

export interface Data {
  /** Twice the same, as half a session would not have it. */
  name?: string
  copy?: string
  /** Written in pairs as well. */
  token?: string
  sameToken?: string
}

/** A session that this browser was told to have, or to be rid of. */
export interface Promised {
  id: string
  name: string
  /** When it was told, by `performance.now()`. */
  at: number
}

interface Login extends Promised {
  /** What was written into it, acknowledged or not. */
  tokens: Set<string>
  /** What was surely not written, says the error. */
  refused: Set<string>
}

export interface Breach extends Promised {
  what: 'a login is gone' | 'an ended session lives' | 'half a session' | 'a refused write was made'
}

export interface Failure {
  action: string
  error: unknown
  /** How long the one call that failed took. */
  ms: number
}

const ACTIONS = ['login', 'logout', 'rotate', 'write', 'write', 'write', 'look', 'look'] as const

/** Logs in, writes, changes ids and logs out at random, and remembers every promise that it is made. */
export class Browser {
  readonly failures: Failure[] = []
  readonly breaches: Breach[] = []
  readonly ended: Promised[] = []
  acknowledged = 0
  readonly #sessions: Sessions<Data>
  readonly name: string
  readonly #stalls: Stalls
  #login: Login | undefined
  #counter = 0
  #seen = 0
  #callAt = 0

  constructor(sessions: Sessions<Data>, name: string, stalls: Stalls) {
    this.#sessions = sessions
    this.name = name
    this.#stalls = stalls
  }

  async act(): Promise<void> {
    const login = this.#login
    const action = login ? (ACTIONS[Math.floor(Math.random() * ACTIONS.length)] ?? 'look') : 'login'
    this.#callAt = this.#now
    try {
      if (!login || action === 'login') await this.#logIn(login)
      else if (action === 'logout') await this.#logOut(login)
      else if (action === 'rotate') await this.#rotate(login)
      else if (action === 'write') await this.#write(login)
      else await this.#look(login)
      this.acknowledged++
    } catch (error) {
      this.failures.push({ action, error, ms: this.#now - this.#callAt })
    }
  }

  /** Whether all that this browser was promised still holds; of what ended, what ended since the last time, or all. */
  async verify(what?: 'all'): Promise<void> {
    if (this.#login) await this.#look(this.#login)
    for (const promised of what === 'all' ? this.ended : this.ended.slice(this.#seen)) {
      const { isNew, owner } = await this.#open(promised.id).session()
      if (!isNew || owner !== undefined) this.breaches.push({ what: 'an ended session lives', ...promised })
    }
    this.#seen = this.ended.length
  }

  /** Each call has a deadline of its own. */
  #call<T>(call: () => Promise<T> | undefined): Promise<T> | undefined {
    this.#callAt = this.#now
    return call()
  }

  get #now(): number {
    return performance.now() - this.#stalls.ms
  }

  #open(id?: string) {
    return this.#sessions.open(id === undefined ? {} : { cookie: `sid=${id}` })
  }

  async #logIn(old: Login | undefined): Promise<void> {
    const name = `${this.name}-${++this.#counter}`
    const context = this.#open(old?.id)
    const session = await this.#call(() => context.session())
    if (!session) return
    if (old && session.isNew) this.#lose(old)
    await session.authenticate(name)
    session.data = { name, copy: name, token: name, sameToken: name }
    // Where this fails the old session may have ended nevertheless.
    this.#login = undefined
    await this.#call(() => context.commit())
    this.#take(context.headers().setCookies[0], name, new Set([name]), old)
  }

  async #rotate(login: Login): Promise<void> {
    const context = this.#open(login.id)
    const session = await this.#call(() => context.session())
    if (!session || session.isNew) return this.#lose(login)
    await session.rotate()
    this.#login = undefined
    await this.#call(() => context.commit())
    const [setCookie] = context.headers().setCookies
    // The session was gone when it was to be moved.
    if (!setCookie) return this.#lose(login)
    this.#take(setCookie, login.name, login.tokens, login)
  }

  async #logOut(login: Login): Promise<void> {
    this.#login = undefined
    const hasEnded = await this.#call(() => this.#open(login.id).destroy())
    const at = performance.now()
    // Asked again because a reply was lost, the store answers as at first; so this says that there was none.
    if (!hasEnded) this.breaches.push({ what: 'a login is gone', ...login })
    this.ended.push({ id: login.id, name: login.name, at })
  }

  async #write(login: Login): Promise<void> {
    const context = this.#open(login.id)
    const session = await this.#call(() => context.session())
    if (!session || session.isNew) return this.#lose(login)
    const token = `${login.name}:${++this.#counter}`
    login.tokens.add(token)
    session.data.token = token
    session.data.sameToken = token
    try {
      await this.#call(() => context.commit())
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.outcome === 'not-applied') login.refused.add(token)
      throw error
    }
  }

  async #look(login: Login): Promise<void> {
    const session = await this.#call(() => this.#open(login.id).session())
    if (!session || session.isNew) return this.#lose(login)
    const { name, copy, token = '', sameToken } = session.data
    const isWhole =
      session.owner === login.name && name === login.name && copy === name && token === sameToken
    if (!isWhole || !login.tokens.has(token)) this.breaches.push({ what: 'half a session', ...login })
    if (login.refused.has(token)) this.breaches.push({ what: 'a refused write was made', ...login })
  }

  #take(setCookie: string | undefined, name: string, tokens: Set<string>, old: Login | undefined): void {
    const id = /^sid=([^;]+)/.exec(setCookie ?? '')?.[1]
    if (!id) throw new Error('A session without a cookie.')
    const at = performance.now()
    if (old) this.ended.push({ id: old.id, name: old.name, at })
    this.#login = { id, name, at, tokens, refused: old?.refused ?? new Set() }
  }

  #lose(login: Login): void {
    this.breaches.push({ what: 'a login is gone', ...login })
    if (this.#login === login) this.#login = undefined
  }
}

export const isTyped = (error: unknown) => error instanceof SessionError
