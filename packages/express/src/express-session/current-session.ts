import { SessionInterruptedError } from '@tegata/core'
import type { HeldSession } from './held-session.ts'
import { LoadedData } from './loaded-data.ts'
import type { Mount } from './mount.ts'
import { createCookie } from './response-cookie.ts'
import type { SessionChanges } from './session-changes.ts'
import { Session } from './session-object.ts'
import { revive } from './store.ts'
import type { SessionObject, SessionRequest } from './types.ts'

/** Which session a request has: `req.session`, made or opened at its first use, and where it lies. */
export class CurrentSession {
  readonly #req: SessionRequest
  readonly #mount: Mount
  readonly #changes: SessionChanges
  /** `undefined` for a new session that nobody asked for yet. */
  #id: string | undefined
  #session: SessionObject | null | undefined
  #held: HeldSession | undefined
  #pending: 'nothing' | 'loaded' | 'new' = 'nothing'
  /** Ids of sessions that the request ended. */
  #ended: string[] | undefined
  /** Ids of sessions that it had and left behind. */
  #past: string[] | undefined

  constructor(req: SessionRequest, mount: Mount, changes: SessionChanges) {
    this.#req = req
    this.#mount = mount
    this.#changes = changes
  }

  /** A new one. */
  begin(): void {
    if (!this.#mount.createsLate) return this.generate()
    this.#id = undefined
    this.#pending = 'new'
    this.#show()
  }

  /** The one that the request brought. */
  found(held: HeldSession): void {
    this.#held = held
    this.#pending = 'loaded'
    this.#show()
    if (this.#mount.backend.own.createSession) this.#open()
  }

  /** None: what was found cannot be opened, and is left as it is. */
  lose(): void {
    this.#held = undefined
  }

  /**
   * A new session takes the place of whichever the request had. One that follows another is handed out and saved even when it is
   * empty: its id is not the one that the request came with.
   */
  generate(): void {
    // A store's `generate` may be called before anybody looked at the session that this one follows.
    if (this.#pending !== 'nothing') this.#open()
    const past = this.#held
    this.#pending = 'nothing'
    this.#createId()
    this.#session = this.#createSession()
    if (past) this.#past = [...(this.#past ?? []), past.id]
    if (this.hasEnded(this.#id as string)) this.#ended = undefined
    // The property that is there takes it as well.
    if (this.isShown) this.#req.session = this.#session
    else this.#show()
  }

  /** `req.sessionID` */
  get id(): string {
    if (this.#pending === 'new' && this.#id === undefined) this.#createId()
    return this.#id as string
  }

  set id(id: string | undefined) {
    // The session keeps the id that it had.
    if (this.#pending !== 'nothing') this.#open()
    this.#id = id
  }

  /** What `req.session` becomes at its first use. */
  get pending(): 'nothing' | 'loaded' | 'new' {
    return this.#pending
  }

  /** The request has the property `session`, whoever put it there. */
  get isShown(): boolean {
    return Object.hasOwn(this.#req, 'session')
  }

  /** There is one: tells without making it. */
  get exists(): boolean {
    return this.isShown && (this.#pending !== 'nothing' || Boolean(this.#req.session))
  }

  /** Where it lies, or will. */
  get held(): HeldSession | undefined {
    return this.#held
  }

  /** Opens what nobody has read, where the property was deleted and another one put in its place. */
  openReplaced(): void {
    if (this.#pending === 'nothing' || !this.isShown) return
    if (!Object.getOwnPropertyDescriptor(this.#req, 'session')?.get) this.#open()
  }

  /** The request ends the session of this id. */
  end(id: string): void {
    this.#ended = this.#ended ? [...this.#ended, id] : [id]
  }

  hasEnded(id: string): boolean {
    return this.#ended?.includes(id) ?? false
  }

  /** Where a session lies, unless it is not this one, or was ended by the request. */
  alive(id: string): HeldSession | undefined {
    return this.#held?.id === id && !this.hasEnded(id) ? this.#held : undefined
  }

  /** Where the session of this id lies, if it is this one. Throws where the request has ended it. */
  heldNow(id: string): HeldSession | undefined {
    if (this.hasEnded(id)) throw new SessionInterruptedError()
    return this.#held?.id === id ? this.#held : undefined
  }

  /** The same for any session: a handler may have given itself another one. */
  async heldFor(id: string, isEnding = false): Promise<HeldSession> {
    if (!isEnding && this.hasEnded(id)) throw new SessionInterruptedError()
    if (this.#held?.id === id) return this.#held
    const { backend } = this.#mount
    const held = await backend.load(id)
    // It has ended since, in whatever way.
    if (!held && !isEnding && this.#past?.includes(id)) throw new SessionInterruptedError()
    return held ?? backend.create(id)
  }

  /** `req.session`, whatever stands for the request: an object that inherits from it, or a proxy. */
  #show(): void {
    Object.defineProperty(this.#req, 'session', {
      configurable: true,
      enumerable: true,
      get: () => (this.#pending === 'nothing' ? this.#session : this.#open()),
      set: (session: SessionObject | null | undefined) => {
        if (this.#pending !== 'nothing') this.#open()
        this.#session = session
      },
    })
  }

  #createId(): void {
    const { settings, backend } = this.#mount
    const id = settings.genid(this.#req)
    this.#id = id
    this.#held = typeof id === 'string' ? backend.create(id) : undefined
    this.#changes.began(id)
  }

  #createSession(): SessionObject {
    const session = new Session(this.#req)
    session.cookie = createCookie(this.#req, this.#mount.settings)
    return session
  }

  /** What `req.session` is, at its first use. */
  #open(): SessionObject {
    const isNew = this.#pending === 'new'
    const { id } = this
    this.#pending = 'nothing'
    if (isNew) {
      this.#session = this.#createSession()
      return this.#session
    }
    const { stored, loaded } = (this.#held as HeldSession).open()
    const { createSession } = this.#mount.backend.own
    if (createSession) {
      // What is large counts as handed out once it is read.
      const data = loaded.show(loaded.shallow({ ...stored }))
      createSession(this.#req, data)
      this.#changes.found(id, LoadedData.of(data))
    } else {
      this.#changes.found(id, loaded)
      this.#session = loaded.show(revive(this.#req, loaded.shallow(stored)))
    }
    return this.#session as SessionObject
  }
}
