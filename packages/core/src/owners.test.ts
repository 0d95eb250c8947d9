import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailableError } from './errors.ts'
import { migrate } from './migrate.ts'
import { nativeFormat } from './native-format.ts'
import { indexKeyOf, isIndexKey } from './owner-index.ts'
import type { Sessions } from './sessions.ts'
import { gate, World } from './testing.ts'

const DAY = 86_400_000

/** A login on a device of its own; answers the cookie. */
async function logIn(world: World, owner = 'ann', label?: string, sessions: Sessions = world.sessions) {
  const context = sessions.open({})
  const session = await context.session()
  await session.authenticate(owner, label === undefined ? {} : { label })
  await context.commit()
  const cookie = context.headers().setCookies[0]?.split(';')[0] as string
  return { cookie, handle: session.handle, id: session.id }
}

const isAlive = async (world: World, { cookie }: { cookie: string }) =>
  !(await world.open(world.sessions, cookie).session()).isNew

const handlesOf = async (world: World, owner = 'ann') =>
  (await world.sessions.listByOwner(owner)).map(({ handle }) => handle)

async function rotate(world: World, { cookie }: { cookie: string }) {
  const context = world.open(world.sessions, cookie)
  const session = await context.session()
  await session.rotate()
  await context.commit()
  return { cookie: context.headers().setCookies[0]?.split(';')[0] as string, handle: session.handle }
}

const logOut = (world: World, { cookie }: { cookie: string }) => world.open(world.sessions, cookie).destroy()

describe('listByOwner', () => {
  test('lists the living sessions of an owner, the newest login first, and never an id', async () => {
    const world = new World()
    const phone = await logIn(world, 'ann', 'phone')
    world.time += 60_000
    const laptop = await logIn(world, 'ann')
    await logIn(world, 'bob', 'tablet')
    const list = await world.sessions.listByOwner('ann')
    expect(list).toEqual([
      {
        handle: laptop.handle,
        label: undefined,
        createdAt: world.time,
        authenticatedAt: world.time,
        expiresAt: world.time + DAY,
      },
      {
        handle: phone.handle,
        label: 'phone',
        createdAt: world.time - 60_000,
        authenticatedAt: world.time - 60_000,
        expiresAt: world.time - 60_000 + DAY,
      },
    ])
    for (const { id } of [phone, laptop]) expect(JSON.stringify(list)).not.toContain(id)
    const inStore = JSON.stringify([...world.store.indexes].map(([key, index]) => [key, [...index]]))
    for (const secret of [phone.id, laptop.id, 'ann']) expect(inStore).not.toContain(secret)
  })

  test('knows nobody of an owner who never logged in', async () => {
    expect(await new World().sessions.listByOwner('ann')).toEqual([])
  })

  test('lists a session once, by its new handle, after a rotation and after another login', async () => {
    const world = new World()
    const first = await logIn(world)
    const rotated = await rotate(world, first)
    expect(await handlesOf(world)).toEqual([rotated.handle])
    const context = world.open(world.sessions, rotated.cookie)
    const session = await context.session()
    await session.authenticate('ann')
    await context.commit()
    expect(await handlesOf(world)).toEqual([session.handle])
  })

  test('leaves a session where its login stands when it is rotated', async () => {
    const world = new World()
    const first = await logIn(world)
    const second = await logIn(world)
    const { handle } = await rotate(world, first)
    expect(await handlesOf(world)).toEqual([second.handle, handle])
  })

  test('leaves out what was logged out, or is over by either deadline, and takes what is gone out of the index', async () => {
    const world = new World({ idleTimeout: 100, absoluteTimeout: 1000, rolling: true })
    const [ended, idle, used] = [await logIn(world), await logIn(world), await logIn(world)]
    await logOut(world, ended)
    expect(await handlesOf(world)).toEqual([used.handle, idle.handle])
    for (let n = 0; n < 9; n++) {
      world.time += 99_000
      expect(await isAlive(world, used)).toBe(true)
    }
    expect(await handlesOf(world)).toEqual([used.handle])
    expect([...world.store.indexes.values()].map(({ size }) => size)).toEqual([1])
    world.time += 110_000
    expect(await handlesOf(world)).toEqual([])
  })

  test('hides what is over by the rules of this process, and leaves it to others', async () => {
    const world = new World()
    const session = await logIn(world)
    const strict = world.another({ absoluteTimeout: 10 })
    world.time += 11_000
    expect(await strict.listByOwner('ann')).toEqual([])
    expect(await handlesOf(world)).toEqual([session.handle])
  })

  test('tells of a value that cannot be read, and lists the others', async () => {
    const world = new World()
    const [broken, whole] = [await logIn(world), await logIn(world)]
    const entry = world.store.entries.get(nativeFormat().keyOf(broken.id))
    if (entry) entry.value = new TextEncoder().encode('not a session')
    expect(await handlesOf(world)).toEqual([whole.handle])
    expect(world.eventsOf('invalid-value')).toMatchObject([{ handle: broken.handle }])
  })

  test('finds a session that a rotation moves while the list is being made', async () => {
    for (const inSteps of [false, true]) {
      const world = new World()
      world.store.inSteps = inSteps
      const old = await logIn(world)
      const key = nativeFormat().keyOf(old.id)
      const handles: string[] = []
      world.store.before = async (verb, at) => {
        if (verb !== 'read' || at !== key) return
        world.store.before = () => {}
        handles.push((await rotate(world, old)).handle)
      }
      expect(await handlesOf(world)).toEqual(handles)
      expect(handles).toHaveLength(1)
    }
  })
})

describe('destroyByOwner', () => {
  test('ends every session of the owner and of nobody else, and answers how many', async () => {
    const world = new World()
    const ann = [await logIn(world), await logIn(world), await logIn(world)]
    const bob = await logIn(world, 'bob')
    expect(await world.sessions.destroyByOwner('ann')).toBe(3)
    for (const session of ann) expect(await isAlive(world, session)).toBe(false)
    expect(await isAlive(world, bob)).toBe(true)
    expect(await world.sessions.destroyByOwner('ann')).toBe(0)
    expect(world.eventsOf('destroyed')).toEqual(
      ann.map(({ handle }) => ({ type: 'destroyed', handle, owner: 'ann' })),
    )
  })

  test('drops what requests of the ended sessions still write, and touches no cookie', async () => {
    const world = new World()
    const { cookie } = await logIn(world)
    const late = world.open(world.sessions, cookie)
    ;(await late.session()).data.late = true
    await world.sessions.destroyByOwner('ann')
    await late.commit()
    expect(late.headers().setCookies).toEqual([])
    expect(world.eventsOf('interrupted')).toHaveLength(1)
    expect(world.values).toEqual([])
  })

  test('spares sessions given as such, by handle, or from a list', async () => {
    const world = new World()
    const devices = [await logIn(world), await logIn(world), await logIn(world), await logIn(world)] as const
    const session = await world.open(world.sessions, devices[0].cookie).session()
    const listed = (await world.sessions.listByOwner('ann')).find(
      ({ handle }) => handle === devices[2].handle,
    )
    const except = [session, devices[1].handle, listed as { handle: string }]
    expect(await world.sessions.destroyByOwner('ann', { except })).toBe(1)
    expect(await Promise.all(devices.map((device) => isAlive(world, device)))).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(await world.sessions.destroyByOwner('ann', { except: session })).toBe(2)
  })

  test.each(['rotate', 'authenticate'] as const)(
    'spares the session of a request that has called %s and not committed yet',
    async (verb) => {
      const world = new World()
      const [mine, other] = [await logIn(world), await logIn(world)]
      const context = world.open(world.sessions, mine.cookie)
      const session = await context.session()
      await session[verb]('ann')
      expect(await world.sessions.destroyByOwner('ann', { except: session })).toBe(1)
      await context.commit()
      const cookie = context.headers().setCookies[0]?.split(';')[0] as string
      expect(await isAlive(world, { cookie })).toBe(true)
      expect(await isAlive(world, other)).toBe(false)
    },
  )

  test('spares a session also where it is rotated meanwhile', async () => {
    const world = new World()
    const [mine, other] = [await logIn(world), await logIn(world)]
    let moved: Promise<{ cookie: string }> | undefined
    world.store.before = async (verb) => {
      if (verb !== 'destroy' || moved) return
      moved = rotate(world, mine)
      await moved
      // Something that is gone makes it look again.
      await logOut(world, other)
    }
    await world.sessions.destroyByOwner('ann', { except: mine.handle })
    expect(await isAlive(world, (await moved) as { cookie: string })).toBe(true)
  })

  test('ends only the sessions asked for; a handle of another owner ends nothing', async () => {
    const world = new World()
    const [phone, laptop, bobs] = [await logIn(world), await logIn(world), await logIn(world, 'bob')]
    expect(await world.sessions.destroyByOwner('ann', { only: bobs.handle })).toBe(0)
    expect(await world.sessions.destroyByOwner('ann', { only: [] })).toBe(0)
    expect(await world.sessions.destroyByOwner('ann', { only: phone.handle })).toBe(1)
    expect(await Promise.all([phone, laptop, bobs].map((one) => isAlive(world, one)))).toEqual([
      false,
      true,
      true,
    ])
  })

  test('ends what cannot be read', async () => {
    const world = new World()
    const { id } = await logIn(world)
    const entry = world.store.entries.get(nativeFormat().keyOf(id))
    if (entry) entry.value = new TextEncoder().encode('not a session')
    expect(await world.sessions.destroyByOwner('ann')).toBe(1)
    expect(world.values).toEqual([])
  })

  test('lets live who logs in after the call, however long it takes', async () => {
    const world = new World()
    const old = await logIn(world)
    let later: { cookie: string } | undefined
    world.store.before = async (verb) => {
      if (verb !== 'destroy' || later) return
      later = { cookie: '' }
      await rotate(world, old)
      later = await logIn(world)
    }
    expect(await world.sessions.destroyByOwner('ann')).toBe(1)
    expect(await isAlive(world, later as { cookie: string })).toBe(true)
    expect(world.values).toHaveLength(1)
  })

  test('ends a session that a rotation moves at any step of it', async () => {
    const steps = { false: ['rotate'], true: ['make', 'enter', 'leave'] }
    for (const inSteps of [false, true]) {
      for (const step of steps[`${inSteps}`]) {
        for (const moment of ['before', 'after'] as const) {
          const world = new World()
          world.store.inSteps = inSteps
          const session = await logIn(world)
          const [paused, resumed] = [gate(), gate()]
          world.store[moment] = async (verb) => {
            if (verb !== step) return
            paused.open()
            await resumed.opened
          }
          const rotating = rotate(world, session).catch(() => {})
          await paused.opened
          const ending = world.sessions.destroyByOwner('ann')
          // As far as it gets, and once more at the end.
          await new Promise((resolve) => setTimeout(resolve))
          resumed.open()
          await Promise.all([rotating, ending])
          expect(world.values, `${moment} ${step}`).toEqual([])
        }
      }
    }
  })

  test.each([
    ['lists', 'read', 1],
    ['ends', 'destroy', 0],
  ] as const)(
    '%s a session that a rotation takes back from its new key and puts there again',
    async (_, visit, left) => {
      const world = new World()
      world.store.inSteps = true
      const { cookie } = await logIn(world)
      const [oldKey] = [...world.store.entries.keys()]
      const rotating = world.open(world.sessions, cookie)
      await (await rotating.session()).rotate()
      const other = world.open(world.another(), cookie)
      Object.assign((await other.session()).data, { changed: true })

      const [listed, takenBack, missed, moved] = [gate(), gate(), gate(), gate()]
      let makes = 0
      let visiting: Promise<unknown> | undefined
      world.store.before = async (verb, key) => {
        if (verb === 'leave' && !visiting) {
          // Another process writes first, and somebody asks the index.
          await other.commit()
          visiting =
            visit === 'read' ? world.sessions.listByOwner('ann') : world.sessions.destroyByOwner('ann')
          await listed.opened
        }
        if (verb === 'make' && ++makes === 2) {
          takenBack.open()
          await missed.opened
        }
        if (verb === visit && visiting) await (key === oldKey ? moved : takenBack).opened
      }
      world.store.after = (verb, key) => {
        if (verb === 'members') listed.open()
        if (verb === visit && visiting && key !== oldKey) missed.open()
      }
      await rotating.commit()
      moved.open()
      await visiting
      straighten(world)
      expect(world.values).toHaveLength(left)
      expect(await handlesOf(world)).toHaveLength(left)
    },
  )

  test('says so where the store cannot be reached, and ends the others when it is called again', async () => {
    const world = new World({ storeTimeout: 0.1 })
    const all = await Promise.all(Array.from({ length: 5 }, () => logIn(world)))
    let calls = 0
    world.store.before = (verb) => {
      if (verb === 'destroy' && ++calls > 2)
        throw new StoreUnavailableError('No.', { outcome: 'not-applied' })
    }
    await expect(world.sessions.destroyByOwner('ann')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(world.eventsOf('store-error')).toMatchObject([{ operation: 'destroy' }])
    world.store.before = () => {}
    expect(await world.sessions.destroyByOwner('ann')).toBe(3)
    for (const session of all) expect(await isAlive(world, session)).toBe(false)
  })

  test('is made again where a reply is lost, and ends each once', async () => {
    const world = new World()
    await Promise.all(Array.from({ length: 4 }, () => logIn(world)))
    const lost = new Set<string>()
    world.store.after = (verb, key) => {
      if (lost.has(verb + key)) return
      lost.add(verb + key)
      if (verb === 'destroy') throw new StoreUnavailableError('Lost.', { outcome: 'unknown' })
    }
    await world.sessions.destroyByOwner('ann')
    expect(world.values).toEqual([])
  })

  test('refuses what is neither a session nor a handle', async () => {
    const { sessions } = new World()
    const wrong = { except: 1 } as unknown as { except: string }
    await expect(sessions.destroyByOwner('ann', wrong)).rejects.toThrow(TypeError)
    await expect(sessions.destroyByOwner('')).rejects.toThrow(TypeError)
    await expect(sessions.listByOwner(undefined as unknown as string)).rejects.toThrow(TypeError)
  })
})

describe('maxSessionsPerOwner', () => {
  test('lets the oldest login give way to a new one, and tells of it', async () => {
    const world = new World({ maxSessionsPerOwner: 2 })
    const logins = [await logIn(world), await logIn(world)]
    await logIn(world, 'bob')
    expect(world.eventsOf('displaced')).toEqual([])
    const third = await logIn(world)
    expect(await handlesOf(world)).toEqual([third.handle, logins[1]?.handle])
    expect(world.eventsOf('displaced')).toEqual([
      { type: 'displaced', handle: logins[0]?.handle, owner: 'ann', by: third.handle },
    ])
    expect(await handlesOf(world, 'bob')).toHaveLength(1)
  })

  test('goes by the order of logins, whatever the clocks of their processes say', async () => {
    const world = new World({ maxSessionsPerOwner: 1 })
    const ahead = world.another({ now: () => world.time + 600_000, maxSessionsPerOwner: 1 })
    await logIn(world, 'ann', undefined, ahead)
    const behind = await logIn(world)
    expect(await handlesOf(world)).toEqual([behind.handle])
  })

  test('a login again from the same device takes its own place', async () => {
    const world = new World({ maxSessionsPerOwner: 2 })
    const [other, mine] = [await logIn(world), await logIn(world)]
    world.cookie = mine.cookie
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    expect(await handlesOf(world)).toHaveLength(2)
    expect(await isAlive(world, other)).toBe(true)
  })

  test('a session that has ended pushes out none that lives', async () => {
    const world = new World({ maxSessionsPerOwner: 2, idleTimeout: 100 })
    await logIn(world)
    world.time += 50_000
    const lives = await logIn(world)
    await logOut(world, await logIn(world))
    world.time += 51_000
    const newest = await logIn(world)
    expect(await handlesOf(world)).toEqual([newest.handle, lives.handle])
  })

  test('a rotation is no login: it ends nothing and keeps its place', async () => {
    const world = new World({ maxSessionsPerOwner: 2 })
    const [first, second] = [await logIn(world), await logIn(world)]
    await rotate(world, first)
    expect(await handlesOf(world)).toHaveLength(2)
    const third = await logIn(world)
    expect(await handlesOf(world)).toEqual([third.handle, second.handle])
  })

  test('where the store fails after a login, the login stands and an event tells', async () => {
    const world = new World({ maxSessionsPerOwner: 1 })
    await logIn(world)
    world.store.before = (verb) => {
      if (verb === 'destroy') throw new StoreUnavailableError('No.', { outcome: 'not-applied' })
    }
    expect(await isAlive(world, await logIn(world))).toBe(true)
    expect(world.eventsOf('store-error')).toMatchObject([{ operation: 'destroy' }])
  })

  test.each(['a first login', 'a login on top of a session'])(
    'where the store does not answer any more, %s stands when the time is over, and an event tells',
    async (login) => {
      const world = new World({ maxSessionsPerOwner: 1, storeTimeout: 0.05 })
      await logIn(world)
      if (login !== 'a first login')
        await world.request(async (context) => Object.assign((await context.session()).data, { a: 1 }))
      world.store.before = (verb) => (verb === 'members' ? new Promise(() => {}) : undefined)
      await world.request(async (context) => (await context.session()).authenticate('ann'))
      expect((await world.open().session()).owner).toBe('ann')
      expect(world.eventsOf('store-error')).toMatchObject([{ operation: 'destroy' }])
    },
  )

  test('exactly so many live after parallel logins of two processes, whatever the order in which the store is reached', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.constantFrom('login', 'login again', 'rotate'), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (scheduler, maxSessionsPerOwner, kinds, inSteps) => {
          const world = new World({ maxSessionsPerOwner })
          world.store.inSteps = inSteps
          const before: { cookie: string }[] = []
          for (let n = 0; n < maxSessionsPerOwner; n++) before.push(await logIn(world))
          const processes = [world.sessions, world.another({ maxSessionsPerOwner })]
          interleave(world, scheduler)
          // Where a rotation takes steps, what it is about to take back may be counted.
          const some = inSteps ? kinds.filter((kind) => kind !== 'rotate') : kinds
          const requests = [...some, 'login'].map(async (kind, i) => {
            const old = kind === 'login' ? undefined : before[i % before.length]?.cookie
            const context = (processes[i % 2] as Sessions).open({ cookie: old })
            const session = await context.session()
            if (kind === 'rotate') await session.rotate().catch(() => {})
            else await session.authenticate('ann')
            await context.commit()
          })
          await scheduler.waitFor(Promise.all(requests))
          straighten(world)
          expect(world.values).toHaveLength(maxSessionsPerOwner)
          expect(await handlesOf(world)).toHaveLength(maxSessionsPerOwner)
        },
      ),
      { numRuns: 1500 },
    )
  })
})

function interleave(world: World, scheduler: fc.Scheduler) {
  world.store.before = (verb) => scheduler.schedule(Promise.resolve(), verb)
  world.store.after = (verb) => scheduler.schedule(Promise.resolve(), `${verb} answered`)
}

function straighten(world: World) {
  world.store.before = () => {}
  world.store.after = () => {}
}

describe('logging out everywhere, whatever the order in which the store is reached', () => {
  test('leaves nothing alive of what was logged in before, and spares whom it shall spare', async () => {
    const kinds = fc.array(fc.constantFrom('write', 'rotate', 'rotate twice', 'touch', 'login'), {
      minLength: 1,
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        kinds,
        fc.boolean(),
        fc.boolean(),
        async (scheduler, kinds, inSteps, spares) => {
          const world = new World()
          world.store.inSteps = inSteps
          const before = [await logIn(world), await logIn(world)]
          const spared = await logIn(world)
          const processes = [world.sessions, world.another()]
          interleave(world, scheduler)
          const requests = kinds.map(async (kind, i) => {
            // Each session is in both processes, so that their writes collide in the store.
            const sessions = processes[(i >> 1) % 2] as Sessions
            if (kind === 'login') return void (await logIn(world, 'ann', 'later', sessions))
            const context = sessions.open({ cookie: before[i % 2]?.cookie })
            const session = await context.session()
            if (kind === 'write') session.data[`key${i}`] = i
            else if (kind === 'touch') session.touch()
            else await session.rotate().catch(() => {})
            await context.commit()
            if (kind !== 'rotate twice') return
            await session.rotate().catch(() => {})
            await context.commit()
          })
          const ending = world.sessions.destroyByOwner('ann', spares ? { except: spared.handle } : {})
          await scheduler.waitFor(Promise.all([...requests, ending]))
          straighten(world)
          const left = await world.sessions.listByOwner('ann')
          expect(left.filter(({ label }) => label !== 'later').map(({ handle }) => handle)).toEqual(
            spares ? [spared.handle] : [],
          )
          // Nothing lives beside the index either.
          expect(world.values).toHaveLength(left.length)
        },
      ),
      { numRuns: 1500 },
    )
  })
})

describe('logging out everywhere while a session is moved from another format', () => {
  test('leaves nothing alive of it, whatever other requests write meanwhile', async () => {
    const from = nativeFormat({ prefix: 'old:' })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom('read', 'write', 'rotate'), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (scheduler, kinds, inSteps) => {
          const world = new World({ format: from })
          world.store.inSteps = inSteps
          const { cookie } = await logIn(world)
          const processes = [world.another(migrate({ from: { format: from } }))]
          processes.push(world.another(migrate({ from: { format: from } })))
          interleave(world, scheduler)
          const requests = kinds.map(async (kind, i) => {
            const context = (processes[i % 2] as Sessions).open({ cookie })
            const session = await context.session()
            if (kind === 'write' && !session.isNew) session.data[`key${i}`] = i
            if (kind === 'rotate' && !session.isNew) await session.rotate().catch(() => {})
            await context.commit()
          })
          const ending = (processes[0] as Sessions).destroyByOwner('ann')
          await scheduler.waitFor(Promise.all([...requests, ending]))
          straighten(world)
          expect(world.values).toEqual([])
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('a session that is rotated while it is moved between two slots', () => {
  test.each(['rotate', 'authenticate'] as const)(
    'ends with all others where they are ended meanwhile: %s',
    async (verb) => {
      const from = nativeFormat({ prefix: 'old:' })
      const world = new World({ format: from })
      const { cookie } = await logIn(world)
      const sessions = world.another(migrate({ from: { format: from } }))
      world.store.inSteps = true
      const [move, rotation] = [gate(), gate()]
      world.store.before = (step) => (step === 'enter' ? move.opened : undefined)
      const moving = sessions.open({ cookie }).session()
      await vi.waitFor(() => expect(world.store.calls).toContain('enter'))

      const context = sessions.open({ cookie })
      const session = await context.session()
      await session[verb]('ann')
      world.store.before = (step) => (step === 'make' ? rotation.opened : undefined)
      const rotating = context.commit()
      await vi.waitFor(() => expect(world.store.calls.filter((step) => step === 'make')).toHaveLength(2))

      await sessions.destroyByOwner('ann')
      rotation.open()
      await rotating
      move.open()
      await moving
      const isNewLogin = verb === 'authenticate'
      expect(world.values).toHaveLength(isNewLogin ? 1 : 0)
      expect(context.headers().setCookies).toHaveLength(isNewLogin ? 1 : 0)
    },
  )
})

describe('a session that was moved', () => {
  test('is listed once, also where it is moved while the list is being made', async () => {
    const from = nativeFormat({ prefix: 'old:' })
    const world = new World({ format: from })
    const { cookie, handle } = await logIn(world)
    const sessions = world.another(migrate({ from: { format: from } }))
    let looks = 0
    world.store.before = async (verb) => {
      if (verb === 'members' && ++looks === 2) await sessions.open({ cookie }).session()
    }
    expect(await sessions.listByOwner('ann')).toMatchObject([{ handle }])
    expect(looks).toBe(2)
  })

  test('keeps the cookie of its rotation where the reply is lost that says whether all of its owner have ended', async () => {
    const from = nativeFormat({ prefix: 'old:' })
    const world = new World({ format: from })
    const { cookie } = await logIn(world)
    const sessions = world.another({ ...migrate({ from: { format: from } }), storeTimeout: 2 })
    const context = sessions.open({ cookie })
    const session = await context.session()
    await session.rotate()
    world.store.after = (verb) => {
      if (verb !== 'rotate') return
      world.store.after = () => {
        world.store.after = () => {}
        throw new Error('read ECONNRESET')
      }
    }
    await context.commit()
    expect(context.headers().setCookies).toHaveLength(1)
    expect(await sessions.listByOwner('ann')).toMatchObject([{ handle: session.handle }])
  })
})

describe('the index', () => {
  test('lies among the sessions of its format, told apart by its name', () => {
    const format = nativeFormat({ prefix: 'app:' })
    const key = indexKeyOf(format, 'ann')
    expect(key).toMatch(/^app:owner:[\w-]{36}$/)
    expect(isIndexKey(key, 'app:')).toBe(true)
    for (const other of [format.keyOf('id'), 'app:owner:ann', key.slice(4)])
      expect(isIndexKey(other, 'app:')).toBe(false)
  })

  /** The entries that writes made, as days from the beginning. */
  function entriesOf(world: World) {
    const start = world.time
    const days: number[] = []
    for (const verb of ['create', 'replace', 'rotate'] as const) {
      const original = world.store[verb] as (...args: unknown[]) => Promise<never>
      Object.assign(world.store, {
        [verb]: (...args: unknown[]) => {
          const { index } = args.at(-1) as { index?: { expiresAt: number } }
          if (index) days.push((index.expiresAt - start) / DAY)
          return original(...args)
        },
      })
    }
    return days
  }

  test('is written by logins and rotations alone where the absolute deadline bounds a session', async () => {
    const world = new World()
    const days = entriesOf(world)
    world.cookie = (await logIn(world)).cookie
    for (let n = 0; n < 3; n++)
      await world.request(async (context) => Object.assign((await context.session()).data, { n }))
    await world.request(async (context) => (await context.session()).setExpiry(1000))
    expect(days).toEqual([30])
    await world.request(async (context) => (await context.session()).rotate())
    expect(days).toEqual([30, 30])
  })

  test('follows a session whose last deadline moves away', async () => {
    const world = new World()
    const days = entriesOf(world)
    world.cookie = (await logIn(world)).cookie
    await world.request(async (context) => (await context.session()).setExpiry(new Date(world.time + DAY)))
    await world.request(async (context) => (await context.session()).setExpiry(undefined))
    expect(days).toEqual([30, 30])
  })

  test('holds a session without an absolute deadline by leases, renewed by use', async () => {
    const world = new World({ absoluteTimeout: false, rolling: true, idleTimeout: 20 * 86_400 })
    const days = entriesOf(world)
    const { cookie } = await logIn(world)
    for (let day = 0; day < 200; day += 10) {
      expect(await world.open(world.sessions, cookie).session()).toMatchObject({ isNew: false })
      const context = world.open(world.sessions, cookie)
      await context.session()
      await context.commit()
      expect(Math.max(...days)).toBeGreaterThan(day + 20)
      world.time += 10 * DAY
    }
    expect(days.length).toBeLessThan(10)
  })

  test('of a format that sessions are moved from is looked at first', async () => {
    const from = nativeFormat({ prefix: 'old:' })
    const world = new World({ format: from })
    const logins = [await logIn(world), await logIn(world), await logIn(world)] as const
    const moved = world.another(migrate({ from: { format: from } }))
    await moved.open({ cookie: logins[1].cookie }).session()
    expect((await moved.listByOwner('ann')).map(({ handle }) => handle).sort()).toEqual(
      logins.map(({ handle }) => handle).sort(),
    )
    let isMoving = false
    world.store.before = async (verb) => {
      if (verb !== 'destroy' || isMoving) return
      isMoving = true
      await moved.open({ cookie: logins[0].cookie }).session()
    }
    expect(await moved.destroyByOwner('ann')).toBe(3)
    expect(world.values).toEqual([])
  })
})

describe('sessions that other libraries write as well', () => {
  const foreign = { ...nativeFormat(), name: 'foreign', slideFields: undefined } as unknown as ReturnType<
    typeof nativeFormat
  >

  test('are in the index from our first write on, whoever logged them in', async () => {
    const world = new World({ format: foreign })
    const { cookie, handle } = await logIn(world)
    world.store.indexes.clear()
    world.cookie = cookie
    expect(await handlesOf(world)).toEqual([])
    await world.request(async (context) => Object.assign((await context.session()).data, { a: 1 }))
    expect(await handlesOf(world)).toEqual([handle])
  })

  test.each([30 * 86_400, false] as const)(
    'stay in the index where another library moves the date that they were given, the absolute deadline being %j',
    async (absoluteTimeout) => {
      const world = new World({ format: foreign, absoluteTimeout })
      const until: number[] = []
      const { create } = world.store
      world.store.create = (key, value, expiresAt, options) => {
        if (options?.index) until.push(options.index.expiresAt)
        return create(key, value, expiresAt, options)
      }
      await world.request(async (context) => {
        const session = await context.session()
        await session.authenticate('ann')
        session.setExpiry(new Date(world.time + DAY))
      })
      expect(until[0]).toBeGreaterThanOrEqual(world.time + 30 * DAY)
      expect(until[0]).toBeLessThanOrEqual(world.time + 61 * DAY)
    },
  )

  test("are let be where they became another owner's", async () => {
    const world = new World({ format: foreign })
    const [anns, bobs] = [await logIn(world), await logIn(world, 'bob')]
    const { entries } = world.store
    const theirs = entries.get(foreign.keyOf(bobs.id))
    if (theirs) entries.set(foreign.keyOf(anns.id), theirs)
    expect(await handlesOf(world)).toEqual([])
    expect(await world.sessions.destroyByOwner('ann')).toBe(0)
    expect(await isAlive(world, anns)).toBe(true)
  })
})

describe('where owners cannot be listed', () => {
  const { store } = new World()
  const blind = { ...store, supports: { ...store.supports, owners: false } }

  test.each([
    ['a store that keeps no index', { store: blind as never }],
    ['a format that only reads', { format: { ...nativeFormat(), isReadOnly: true } }],
  ])('%s is refused in a full sentence, and everything else works', async (_, options) => {
    const world = new World()
    expect(() => world.another({ ...options, maxSessionsPerOwner: 1 })).toThrow(/^The option .*\.$/s)
    const sessions = world.another(options)
    await expect(sessions.listByOwner('ann')).rejects.toThrow(TypeError)
    await expect(sessions.destroyByOwner('ann')).rejects.toThrow(TypeError)
  })

  test('logins enter nothing', async () => {
    const world = new World()
    const unlisted = Object.assign(Object.create(world.store), { supports: blind.supports })
    await logIn(world, 'ann', undefined, world.another({ store: unlisted }))
    expect(world.store.indexes.size).toBe(0)
    expect(world.values).toHaveLength(1)
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'])(
    'a maximum of %s is refused',
    (maxSessionsPerOwner) => {
      expect(() => new World({ maxSessionsPerOwner: maxSessionsPerOwner as number })).toThrow(TypeError)
    },
  )
})
