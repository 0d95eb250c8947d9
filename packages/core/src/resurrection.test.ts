import { describe, expect, test } from 'vitest'
import type { SessionContext } from './context.ts'
import type { SessionOptions } from './options.ts'
import { gate, World } from './testing.ts'

async function loggedIn(options: Partial<SessionOptions> = {}) {
  const world = new World(options)
  await world.request(async (context) => {
    const session = await context.session()
    session.data.n = 1
    await session.authenticate('ann')
  })
  return world
}

type Ending = (world: World) => Promise<unknown>

/** Ways in which a session can end while another request holds it. */
const endings: Record<string, Ending> = {
  logout: (world) => world.request((context) => context.destroy()),
  'a logout after reading': (world) => world.request(async (context) => (await context.session()).destroy()),
  rotation: (world) => world.request(async (context) => (await context.session()).rotate()),
  'a new login': (world) => world.request(async (context) => (await context.session()).authenticate('bob')),
  expiry: async (world) => {
    world.time += 31 * 86_400_000
  },
}

describe.each(Object.entries(endings))('%s while a request holds the session', (name, end) => {
  async function interrupted(late: (context: SessionContext) => Promise<unknown>) {
    const world = await loggedIn()
    const context = world.open()
    const session = await context.session()
    await end(world)
    const before = { values: world.values, cookie: world.cookie }
    await late(context)
    return { world, context, session, before }
  }

  test('drops its late write, with an event, and leaves the cookie alone', async () => {
    const { world, context, before } = await interrupted(async (context) => {
      ;(await context.session()).data.late = true
      await context.commit()
    })
    expect(world.values).toEqual(before.values)
    expect(context.headers().setCookies[0]).toBeUndefined()
    expect(world.eventsOf('interrupted')).toEqual([expect.objectContaining({ keys: ['late'] })])
    expect(context.commit()).toBeUndefined()
  })

  test('sends no cookie again that follows the idle deadline', async () => {
    const world = await loggedIn({ rolling: true, cookie: { deadline: 'idle' } })
    const context = world.open()
    const session = await context.session()
    await end(world)
    session.data.late = true
    await context.commit()
    expect(world.eventsOf('interrupted')).toHaveLength(1)
    expect(context.headers().setCookies).toEqual([])
  })

  test('tells of what is written after it was noticed as well, and of nothing twice', async () => {
    const { world } = await interrupted(async (context) => {
      const session = await context.session()
      await expect(session.reload()).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' })
      session.data.late = true
      await context.commit()
      session.data.later = true
      await context.commit()
      expect(context.commit()).toBeUndefined()
    })
    const told = world.eventsOf('interrupted').flatMap(({ keys }) => keys)
    expect(told).toEqual(['late', 'later'])
  })

  test('makes an explicit save throw', async () => {
    const { world, before } = await interrupted(async (context) => {
      const session = await context.session()
      session.data.late = true
      await expect(session.save()).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED', status: 409 })
    })
    expect(world.values).toEqual(before.values)
  })

  test.each<[string, (context: SessionContext) => Promise<unknown>]>([
    ['update', async (c) => (await c.session()).update((data) => Object.assign(data, { late: 1 }))],
    ['save of nothing', async (c) => (await c.session()).save()],
    ['reload', async (c) => (await c.session()).reload()],
    ['rotate', async (c) => (await c.session()).rotate().then(async () => (await c.session()).save())],
  ])('makes a late %s throw and bring nothing back', async (_, late) => {
    const { world, before } = await interrupted((context) =>
      expect(late(context)).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' }),
    )
    expect(world.values).toEqual(before.values)
  })

  test('lets a login start a new session, with what that request itself put in', async () => {
    const { world, context } = await interrupted(async (context) => {
      const session = await context.session()
      session.data.basket = [1]
      await session.authenticate('cid')
      await context.commit()
    })
    world.take(context)
    const session = await world.open().session()
    expect(session.owner).toBe('cid')
    expect(session.data).toEqual({ basket: [1] })
  })

  test('answers false to a late destroy, and leaves the cookie alone', async () => {
    if (name === 'expiry') return
    const { context, session } = await interrupted(async () => {})
    await expect(session.destroy()).resolves.toBe(false)
    expect(context.headers().setCookies[0]).toBeUndefined()
  })

  test('lets no session but a login’s begin after a late destroy', async () => {
    if (name === 'expiry') return
    const { world, context, before } = await interrupted(async (context) => {
      await context.destroy()
      ;(await context.session()).data.notice = 'logged out'
      await context.commit()
    })
    expect(world.values).toEqual(before.values)
    expect(context.headers().setCookies).toEqual([])

    await (await context.session()).authenticate('cid')
    await context.commit()
    expect(context.headers().setCookies).toHaveLength(1)
  })
})

describe('the cookie of an ended session', () => {
  test.each(Object.entries(endings).filter(([name]) => name !== 'expiry'))(
    'after %s starts no session and sets no cookie for a minute, except by a login',
    async (_, end) => {
      const world = await loggedIn()
      const old = world.cookie
      await end(world)
      const before = world.values

      const late = world.open(world.sessions, old)
      const session = await late.session()
      expect(session.data).toEqual({})
      session.data.late = true
      await late.commit()
      expect(late.headers().setCookies[0]).toBeUndefined()
      expect(world.values).toEqual(before)
      expect(world.eventsOf('ended-id')).toHaveLength(1)

      await session.authenticate('cid')
      await late.commit()
      expect(late.headers().setCookies[0]).toBeDefined()
    },
  )

  test.each<[string, (context: SessionContext) => Promise<unknown>]>([
    ['unread', async () => {}],
    ['read', (context) => context.session()],
  ])('starts none after a logout that came too late either, the session %s', async (_, read) => {
    const world = await loggedIn()
    const old = world.cookie
    await endings['a new login']?.(world)
    const before = world.values

    const late = world.open(world.sessions, old)
    await read(late)
    await expect(late.destroy()).resolves.toBe(false)
    ;(await late.session()).data.notice = 'logged out'
    await late.commit()
    expect(late.headers().setCookies).toEqual([])
    expect(world.values).toEqual(before)
  })

  test('starts none after a late logout however often it is asked for: at the same time, or after the store has failed', async () => {
    const world = await loggedIn()
    const old = world.cookie
    await endings['a new login']?.(world)
    const before = world.values

    const late = world.open(world.sessions, old)
    await late.destroy()
    world.store.before = () => {
      throw new Error('read ECONNRESET')
    }
    await expect(late.session()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    world.store.before = () => {}
    const [session, same] = await Promise.all([late.session(), late.session()])
    expect(same).toBe(session)
    session.data.notice = 'logged out'
    await late.commit()
    expect(late.headers().setCookies).toEqual([])
    expect(world.values).toEqual(before)
  })

  test('is followed by one session, for all of a request who ask for it', async () => {
    const world = await loggedIn()
    await world.request(async (context) => {
      await context.destroy()
      const [one, another] = await Promise.all([context.session(), context.session()])
      one.data.a = 1
      another.data.b = 2
    })
    expect((await world.open().session()).data).toEqual({ a: 1, b: 2 })
  })

  test('of long ago lets one begin after a logout', async () => {
    const world = await loggedIn()
    const old = world.cookie
    await endings.logout?.(world)
    world.time += 60_001
    const late = world.open(world.sessions, old)
    await late.destroy()
    ;(await late.session()).data.notice = 'logged out'
    await late.commit()
    expect(late.headers().setCookies).toHaveLength(1)
  })

  test('starts a new session under a new id once the minute is over', async () => {
    const world = await loggedIn()
    const old = world.cookie
    await endings.logout?.(world)
    world.time += 60_001
    const late = world.open(world.sessions, old)
    ;(await late.session()).data.n = 1
    await late.commit()
    expect(late.headers().setCookies[0]).toBeDefined()
    expect(late.headers().setCookies[0]).not.toContain(old)
  })

  test('does not live longer by being used, rolling or touched', async () => {
    const world = await loggedIn({ rolling: true })
    const context = world.open()
    const session = await context.session()
    await endings.logout?.(world)
    world.time += 30_000
    session.touch()
    await context.commit()
    expect(world.eventsOf('interrupted')).toHaveLength(1)
    world.time += 30_001
    expect([...world.store.entries.values()].filter(({ expiresAt }) => expiresAt > world.time)).toEqual([])
  })
})

describe('two requests of one process', () => {
  test('a commit that waits behind a logout finds the session gone', async () => {
    const world = await loggedIn()
    const [slow, next] = [world.open(), world.open()]
    const { opened, open } = gate()
    world.store.before = (verb) => (verb === 'replace' ? opened : undefined)
    ;(await slow.session()).data.slow = 1
    ;(await next.session()).data.next = 1
    const commits = Promise.all([slow.commit(), next.commit()])
    await world.request((context) => context.destroy())
    open()
    await commits
    expect(world.values).toEqual([])
    expect(world.eventsOf('interrupted')).toHaveLength(2)
  })

  test('a commit that waits behind a rotation does not write to the new session', async () => {
    const world = await loggedIn()
    const [rotating, next] = [world.open(), world.open()]
    await (await rotating.session()).rotate()
    ;(await next.session()).data.next = 1
    await Promise.all([rotating.commit(), next.commit()])
    expect(world.values).toHaveLength(1)
    expect(world.values[0]).not.toContain('next')
    expect(next.headers().setCookies[0]).toBeUndefined()
  })

  test('two logins from one session each end with a session of their own', async () => {
    const world = await loggedIn()
    const [one, two] = [world.open(), world.open()]
    await (await one.session()).authenticate('bob')
    await (await two.session()).authenticate('cid')
    await Promise.all([one.commit(), two.commit()])
    const owners = await Promise.all(
      [one, two].map(async (context) => {
        world.take(context)
        return (await world.open().session()).owner
      }),
    )
    expect(owners).toEqual(['bob', 'cid'])
  })
})
