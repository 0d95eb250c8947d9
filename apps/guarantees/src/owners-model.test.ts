import { createSessions, type Sessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const IDLE = 1000
const ABSOLUTE = 4000
const OWNERS = ['ann', 'bob'] as const

interface ModelSession {
  owner: string
  /** The order of logins. */
  rank: number
  id: string
  handle: string
  usedAt: number
  loggedInAt: number
}

/** The manager, and what should be true of it by then. */
class World {
  time = Date.UTC(2026, 0, 1)
  readonly sessions: Sessions
  #model: ModelSession[] = []
  #rank = 0
  readonly #maximum: number | undefined

  constructor(maximum: number | undefined) {
    this.#maximum = maximum
    const now = () => this.time
    this.sessions = createSessions({
      store: memoryStore({ now }),
      now,
      rolling: true,
      idleTimeout: IDLE / 1000,
      absoluteTimeout: ABSOLUTE / 1000,
      ...(maximum !== undefined && { maxSessionsPerOwner: maximum }),
    })
  }

  living(owner: string): ModelSession[] {
    this.#model = this.#model.filter(
      ({ usedAt, loggedInAt }) => this.time < Math.min(usedAt + IDLE, loggedInAt + ABSOLUTE),
    )
    return this.#model.filter((one) => one.owner === owner).sort((a, b) => b.rank - a.rank)
  }

  #drop(gone: readonly ModelSession[]): void {
    this.#model = this.#model.filter((one) => !gone.includes(one))
  }

  /** On a new device, or on that of another session, whoever it was of. */
  async logIn(owner: string, on?: ModelSession): Promise<void> {
    const context = this.sessions.open({ id: on?.id })
    const session = await context.session()
    await session.authenticate(owner)
    await context.commit()
    if (on) this.#drop([on])
    const { id, handle } = session
    this.#model.push({ owner, id, handle, rank: ++this.#rank, usedAt: this.time, loggedInAt: this.time })
    if (this.#maximum !== undefined) this.#drop(this.living(owner).slice(this.#maximum))
  }

  async logOut(session: ModelSession): Promise<void> {
    await this.sessions.open({ id: session.id }).destroy()
    this.#drop([session])
  }

  async rotate(one: ModelSession): Promise<void> {
    const context = this.sessions.open({ id: one.id })
    const session = await context.session()
    await session.rotate()
    await context.commit()
    Object.assign(one, { id: session.id, handle: session.handle, usedAt: this.time })
  }

  async use(one: ModelSession): Promise<void> {
    expect((await this.sessions.open({ id: one.id }).session()).isNew).toBe(false)
    one.usedAt = this.time
  }

  async destroyAll(owner: string, except: ModelSession | undefined): Promise<void> {
    const ended = this.living(owner).filter((one) => one !== except)
    const options = except ? { except: except.handle } : {}
    expect(await this.sessions.destroyByOwner(owner, options)).toBe(ended.length)
    this.#drop(ended)
  }

  async destroyOne(owner: string, only: ModelSession): Promise<void> {
    const isTheirs = only.owner === owner
    expect(await this.sessions.destroyByOwner(owner, { only: only.handle })).toBe(isTheirs ? 1 : 0)
    if (isTheirs) this.#drop([only])
  }

  async expectSame(): Promise<void> {
    for (const owner of OWNERS) {
      const expected = this.living(owner).map(({ handle, usedAt, loggedInAt }) => ({
        handle,
        authenticatedAt: loggedInAt,
        expiresAt: Math.min(usedAt + IDLE, loggedInAt + ABSOLUTE),
      }))
      expect(await this.sessions.listByOwner(owner)).toMatchObject(expected)
      expect(await this.sessions.listByOwner(owner)).toHaveLength(expected.length)
    }
  }
}

const owner = fc.constantFrom(...OWNERS)
const at = fc.nat(20)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('log in' as const), owner }) },
  fc.record({ do: fc.constant('log in on a device' as const), owner, at }),
  fc.record({ do: fc.constant('log out' as const), at }),
  fc.record({ do: fc.constant('rotate' as const), at }),
  fc.record({ do: fc.constant('use' as const), at }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
  fc.record({ do: fc.constant('log out everywhere' as const), owner }),
  fc.record({ do: fc.constant('log out elsewhere' as const), owner, at }),
  fc.record({ do: fc.constant('sign out a device' as const), owner, at }),
)

test('lists are what a plain list of logins, logouts, rotations and deadlines says, step by step', async () => {
  const maximum = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), maximum, async (steps, maximum) => {
      const world = new World(maximum)
      for (const step of steps) {
        const all = OWNERS.flatMap((name) => world.living(name))
        const one = 'at' in step ? all[step.at % Math.max(all.length, 1)] : undefined
        if (step.do === 'wait') world.time += step.ms
        else if (step.do === 'log in') await world.logIn(step.owner)
        else if (step.do === 'log out everywhere') await world.destroyAll(step.owner, undefined)
        else if (!one) continue
        else if (step.do === 'log in on a device') await world.logIn(step.owner, one)
        else if (step.do === 'log out') await world.logOut(one)
        else if (step.do === 'rotate') await world.rotate(one)
        else if (step.do === 'use') await world.use(one)
        else if (step.do === 'log out elsewhere') await world.destroyAll(step.owner, one)
        else await world.destroyOne(step.owner, one)
        await world.expectSame()
      }
    }),
    { numRuns: 300 },
  )
})
