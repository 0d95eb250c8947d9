import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from './errors.ts'
import type { SessionOptions } from './options.ts'
import { gate, World } from './testing.ts'

const never = () => new Promise<void>(() => {})
const lost = () => {
  throw new Error('connection lost')
}
const refused = () => {
  throw new StoreUnavailableError('out of memory', { outcome: 'not-applied' })
}
const unavailable = { code: 'STORE_UNAVAILABLE', status: 503 }

async function started(options: Partial<SessionOptions> = {}) {
  const world = new World({ storeTimeout: 0.05, ...options })
  await world.request(async (context) => {
    const session = await context.session()
    session.data.n = 1
    await session.authenticate('ann')
  })
  return world
}

describe('a store that cannot be read', () => {
  test.each([
    ['hangs', never],
    ['fails', lost],
  ])('that %s is an error, not a missing session, and keeps the cookie', async (_, fault) => {
    const world = await started()
    world.store.before = fault
    const context = world.open()
    await expect(context.session()).rejects.toMatchObject({ ...unavailable, outcome: 'not-applied' })
    await expect(context.session()).rejects.toMatchObject(unavailable)
    expect(context.commit()).toBeUndefined()
    expect(context.headers()).toEqual({ setCookies: [], vary: true })
    expect(world.store.calls.filter((verb) => verb === 'read')).toHaveLength(1)
    expect(world.eventsOf('store-error')).toEqual([expect.objectContaining({ operation: 'load' })])
  })

  test('says nothing of what the store said, except as the cause', async () => {
    const world = await started()
    world.store.before = lost
    const error = await world
      .open()
      .session()
      .catch((thrown) => thrown)
    expect(error.message).not.toContain('connection')
    expect(error).toMatchObject({
      expose: false,
      cause: expect.objectContaining({ message: 'connection lost' }),
    })
  })

  test("with onStoreError: 'anonymous' gives a session that is not saved and sets no cookie", async () => {
    const world = await started({ onStoreError: 'anonymous' })
    const before = world.values
    world.store.before = lost
    const context = world.open()
    const session = await context.session()
    expect(session.data).toEqual({})
    world.store.before = () => {}
    session.data.n = 2
    await context.commit()
    expect(world.values).toEqual(before)
    expect(context.headers().setCookies[0]).toBeUndefined()
    expect(world.eventsOf('dropped')).toEqual([{ type: 'dropped', keys: ['n'] }])
    await expect(session.save()).rejects.toMatchObject(unavailable)
    await expect(session.update(() => {})).rejects.toMatchObject(unavailable)
    await expect(session.rotate()).rejects.toMatchObject(unavailable)
  })

  test("with onStoreError: 'anonymous' lets a login start a new session, and ends the one it could not read", async () => {
    const world = await started({ onStoreError: 'anonymous' })
    world.store.before = lost
    const context = world.open()
    const session = await context.session()
    world.store.before = () => {}
    session.data.n = 2
    await session.authenticate('bob')
    await context.commit()
    expect(context.headers().setCookies[0]).toBeDefined()
    expect(context.headers().setCookies[0]).not.toContain(world.cookie)
    expect(world.values).toHaveLength(1)
    expect(world.values[0]).toContain('{"n":2}')
  })

  test('can still be logged out of without being read', async () => {
    const world = await started()
    world.store.before = (verb) => (verb === 'read' ? lost() : undefined)
    const context = world.open()
    await expect(context.session()).rejects.toMatchObject(unavailable)
    await expect(context.destroy()).resolves.toBe(true)
    expect(context.headers().setCookies[0]).toContain('Max-Age=0')
  })
})

describe('a store that cannot be written', () => {
  async function writing(fault: () => void | Promise<void>, options = {}) {
    const world = await started(options)
    const context = world.open()
    const session = await context.session()
    session.data.n = 2
    world.store.before = fault
    return { world, context, session }
  }

  test('fails the commit, sets no cookie, and is not asked again for the error page', async () => {
    const { world, context, session } = await writing(never)
    await session.authenticate('bob')
    await expect(context.commit()).rejects.toMatchObject({ ...unavailable, outcome: 'unknown' })
    expect(context.headers().setCookies[0]).toBeUndefined()
    const { length } = world.store.calls
    expect(context.commit()).toBeUndefined()
    expect(world.store.calls).toHaveLength(length)
    expect(world.eventsOf('store-error')).toEqual([expect.objectContaining({ operation: 'commit' })])
  })

  test('says that nothing was applied when the store itself refused', async () => {
    const { context } = await writing(refused)
    await expect(context.commit()).rejects.toMatchObject({ ...unavailable, outcome: 'not-applied' })
  })

  test('is tried again after a lost connection, within the same budget', async () => {
    let failures = 2
    const { world, context } = await writing(
      () => {
        if (failures-- > 0) lost()
      },
      { storeTimeout: 1 },
    )
    await context.commit()
    expect((await world.open().session()).data).toEqual({ n: 2 })
  })

  test('does not hold up who waits behind a write that hangs for longer than their own budget', async () => {
    const { world, context } = await writing(never, { storeTimeout: 0.1 })
    const next = world.open()
    world.store.before = () => {}
    ;(await next.session()).data.m = 1
    world.store.before = () =>
      world.store.calls.filter((v) => v === 'replace').length === 1 ? never() : undefined
    const first = context.commit()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const second = next.commit()
    await expect(first).rejects.toMatchObject(unavailable)
    await second
    expect((await world.open().session()).data).toEqual({ n: 1, m: 1 })
  })

  test('does not let a response leave as if all was well when a handler ignored the failure of its save', async () => {
    const { world, context, session } = await writing(lost)
    await session.save().catch(() => {})
    const { length } = world.store.calls
    await expect(context.commit()).rejects.toMatchObject(unavailable)
    expect(world.store.calls).toHaveLength(length)
    expect(context.commit()).toBeUndefined()
  })

  test('what comes back after the time is over changes nothing', async () => {
    const { world, context } = await writing(() => {})
    const { opened, open } = gate()
    world.store.before = () => opened
    await expect(context.commit()).rejects.toMatchObject(unavailable)
    world.time += 1000
    open()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect((await world.open().session()).data).toEqual({ n: 1 })
    expect(context.headers().setCookies[0]).toBeUndefined()
  })
})

describe('a reply that was lost', () => {
  /** The next `verb` takes effect, but its answer does not arrive. */
  function loseReply(world: World, verb: string) {
    world.store.after = (called) => {
      if (called !== verb) return
      world.store.after = () => {}
      lost()
    }
  }

  test.each<[string, (world: World) => Promise<unknown>]>([
    ['create', (w) => w.request(async (c) => Object.assign((await c.session()).data, { x: 1 }))],
    ['replace', (w) => w.request(async (c) => Object.assign((await c.session()).data, { x: 1 }))],
    ['rotate', (w) => w.request(async (c) => (await c.session()).authenticate('bob'))],
  ])('of %s is resolved: what was applied is reported as applied', async (verb, work) => {
    const world = await started({ storeTimeout: 2 })
    if (verb === 'create') world.cookie = undefined
    loseReply(world, verb)
    await work(world)
    const session = await world.open().session()
    expect(session.isNew).toBe(false)
    expect(verb === 'rotate' ? session.owner : session.data.x).toBe(verb === 'rotate' ? 'bob' : 1)
    expect(world.eventsOf('interrupted')).toEqual([])
  })

  test('of an update is not counted twice', async () => {
    const world = await started({ storeTimeout: 2 })
    loseReply(world, 'replace')
    await (await world.open().session()).update((data) => Object.assign(data, { n: (data.n as number) + 1 }))
    expect((await world.open().session()).data).toEqual({ n: 2 })
  })

  test('of an update that another request wrote over rejects with an unknown outcome', async () => {
    const world = await started({ storeTimeout: 2 })
    const session = await world.open().session()
    world.store.after = async (verb) => {
      if (verb !== 'replace') return
      world.store.after = () => {}
      const other = world.open(world.another())
      ;(await other.session()).data.other = 1
      await other.commit()
      lost()
    }
    const update = session.update((data) => Object.assign(data, { n: (data.n as number) + 1 }))
    await expect(update).rejects.toMatchObject({ ...unavailable, outcome: 'unknown' })
    expect((await world.open().session()).data).toEqual({ n: 2, other: 1 })
  })

  test('of a merge that another request wrote over is merged again, to the same end', async () => {
    const world = await started({ storeTimeout: 2 })
    const context = world.open()
    ;(await context.session()).data.mine = 1
    world.store.after = async (verb) => {
      if (verb !== 'replace') return
      world.store.after = () => {}
      const other = world.open(world.another())
      ;(await other.session()).data.other = 1
      await other.commit()
      lost()
    }
    await context.commit()
    expect((await world.open().session()).data).toEqual({ n: 1, mine: 1, other: 1 })
  })
})
