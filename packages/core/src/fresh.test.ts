import { describe, expect, test } from 'vitest'
import type { SessionOptions } from './options.ts'
import type { ReadOptions, SessionStore } from './store.ts'
import { World } from './testing.ts'

/** A store behind a memory that never forgets, but where a read is to be fresh. */
class Remembering {
  readonly remembered = new Map<string, Awaited<ReturnType<SessionStore['read']>>>()
  /** What the store itself was asked, and how. */
  readonly asked: (ReadOptions | undefined)[] = []

  inFrontOf(world: World): SessionStore {
    const { store } = world
    return Object.assign(Object.create(store) as SessionStore, {
      read: async (key: string, options?: ReadOptions) => {
        const known = this.remembered.get(key)
        if (known && !options?.fresh) return known
        this.asked.push(options)
        const found = await store.read(key, options)
        this.remembered.set(key, found)
        return found
      },
    })
  }
}

async function behindMemory(filling: Record<string, unknown> = {}, options: Partial<SessionOptions> = {}) {
  const world = new World(options)
  const memory = new Remembering()
  const sessions = world.another({ ...options, store: memory.inFrontOf(world) })
  await world.request(async (context) => {
    const session = await context.session()
    Object.assign(session.data, filling, { a: 1 })
    await session.authenticate('ann')
  })
  await world.open(sessions).session()
  memory.asked.length = 0
  /** Another process does something. */
  const elsewhere = (change: (data: Record<string, unknown>) => void) =>
    world.request(async (context) => change((await context.session()).data))
  const logout = async () => void (await world.open().destroy())
  return { world, memory, elsewhere, logout, open: () => world.open(sessions) }
}

describe('session({ fresh: true })', () => {
  test('asks the store itself, once per request', async () => {
    const { memory, elsewhere, open } = await behindMemory()
    await elsewhere((data) => {
      data.a = 2
    })
    const context = open()
    expect((await context.session({ fresh: true })).data.a).toBe(2)
    await context.session({ fresh: true })
    expect(memory.asked).toHaveLength(1)
  })

  test('asks it also where the request has read from memory before', async () => {
    const { elsewhere, open } = await behindMemory()
    await elsewhere((data) => {
      data.a = 2
    })
    const context = open()
    const session = await context.session()
    expect(session.data.a).toBe(1)
    expect(await context.session({ fresh: true })).toBe(session)
    expect(session.data.a).toBe(2)
  })

  test.each([0, 5000])(
    'keeps what this request changed, over what others wrote (and %i bytes)',
    async (bytes) => {
      const { world, elsewhere, open } = await behindMemory({ filling: 'x'.repeat(bytes) })
      await elsewhere((data) => {
        data.a = 2
        data.b = 2
      })
      const context = open()
      const session = await context.session()
      session.data.a = 3
      session.setExpiry(60)
      await context.session({ fresh: true })
      expect(session.data).toMatchObject({ a: 3, b: 2 })
      expect(session.expiry).toBe(60)
      await context.commit()
      expect((await world.open().session()).data).toMatchObject({ a: 3, b: 2 })
    },
  )

  test.each([true, false])(
    'finds nothing of a session that ended elsewhere (read before: %s)',
    async (read) => {
      const { world, logout, open } = await behindMemory()
      await logout()
      const context = open()
      if (read) expect((await context.session()).owner).toBe('ann')
      const session = await context.session({ fresh: true })
      expect(session.owner).toBeUndefined()
      expect(session.data).toEqual({})
      session.data.late = true
      await context.commit()
      expect(world.values).toEqual([])
    },
  )

  test.each(['session', 'reload'] as const)(
    'dates the cookie by what it found, not by a write before it (%s)',
    async (how) => {
      const world = new World({ rolling: true, touchAfter: 0, idleTimeout: 60, cookie: { deadline: 'idle' } })
      const context = world.open()
      const session = await context.session()
      session.data.a = 1
      await session.save()
      world.take(context)
      world.time += 10_000
      await world.open().session()
      if (how === 'session') await context.session({ fresh: true })
      else await session.reload()
      expect(world.take(context)).toMatch(/Max-Age=60;/)
    },
  )

  test('asks the store also where reading the session sends its cookie again', async () => {
    const { logout, open } = await behindMemory({}, { rolling: true, cookie: { deadline: 'idle' } })
    await logout()
    const context = open()
    expect((await context.session()).owner).toBe('ann')
    expect((await context.session({ fresh: true })).owner).toBeUndefined()
    expect(context.headers().setCookies).toEqual([])
  })

  test('tells of changes to a session that ended elsewhere, and drops them', async () => {
    const { world, logout, open } = await behindMemory()
    await logout()
    const context = open()
    const before = await context.session()
    before.data.late = true
    await context.session({ fresh: true })
    await context.commit()
    expect(world.values).toEqual([])
    expect(world.eventsOf('interrupted')).toMatchObject([{ keys: ['late'] }])
  })
})

describe('past the memory go', () => {
  test('reload()', async () => {
    const { elsewhere, open } = await behindMemory()
    await elsewhere((data) => {
      data.a = 2
    })
    const session = await open().session()
    await session.reload()
    expect(session.data.a).toBe(2)
  })

  test('touch()', async () => {
    const { memory, open } = await behindMemory()
    const context = open()
    ;(await context.session()).touch()
    await context.commit()
    expect(memory.asked).toMatchObject([{ fresh: true, extend: { touchAfter: 0 } }])
  })

  test('a login, which starts anew where the session ended elsewhere', async () => {
    const { logout, open } = await behindMemory()
    await logout()
    const context = open()
    const session = await context.session()
    await session.authenticate('ann')
    await context.commit()
    expect(context.headers().setCookies).toHaveLength(1)
    expect(session.data).toEqual({})
  })
})
