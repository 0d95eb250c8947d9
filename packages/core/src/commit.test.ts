import { describe, expect, test } from 'vitest'
import { SessionConflictError, type SessionInterruptedError } from './errors.ts'
import type { SessionOptions } from './options.ts'
import { gate, World } from './testing.ts'

type Data = Record<string, unknown>

/** A browser with a session that holds `data`. */
async function worldWith(data: Data, options: Partial<SessionOptions> = {}) {
  const world = new World(options)
  await world.request(async (context) => Object.assign((await context.session()).data, data))
  return world
}

const dataOf = async (world: World): Promise<Data> => ({ ...(await world.open().session()).data })

describe('no lost updates', () => {
  test('two requests that change different keys both keep what they changed', async () => {
    const world = await worldWith({ a: 1, b: 1 })
    const [first, second] = [world.open(), world.open(world.another())]
    ;(await first.session()).data.a = 2
    ;(await second.session()).data.b = 2
    await first.commit()
    await second.commit()
    expect(await dataOf(world)).toEqual({ a: 2, b: 2 })
  })

  test('a delete is a change', async () => {
    const world = await worldWith({ a: 1, b: 1 })
    const [first, second] = [world.open(), world.open(world.another())]
    delete (await first.session()).data.a
    ;(await second.session()).data.b = 2
    await second.commit()
    await first.commit()
    expect(await dataOf(world)).toEqual({ b: 2 })
  })

  test('both keep what they changed on a server whose clock is behind that of the one that created the session', async () => {
    const world = new World()
    const server = world.another({ now: () => world.time - 1000 })
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    const [one, two] = [world.open(server), world.open(server)]
    ;(await one.session()).data.one = 1
    ;(await two.session()).data.two = 2
    await one.commit()
    await two.commit()
    expect((await world.open().session()).data).toEqual({ one: 1, two: 2 })
  })

  test('what a request saves twice is kept beside the write of another one, however fine its clock', async () => {
    const world = new World()
    const server = world.another({ now: () => world.time + 0.4 })
    const first = world.open(server)
    const session = await first.session()
    await session.authenticate('ann')
    await session.save()
    world.take(first)
    await world.request(async (context) => Object.assign((await context.session()).data, { theirs: 1 }))
    session.data.mine = 1
    await first.commit()
    expect((await world.open().session()).data).toEqual({ theirs: 1, mine: 1 })
  })

  test('a change deep inside is noticed without any flag', async () => {
    const world = await worldWith({ cart: { items: [{ n: 1 }] } })
    await world.request(async (context) => {
      const { data } = await context.session()
      const { items } = data.cart as { items: { n: number }[] }
      for (const item of items) item.n = 2
    })
    expect(await dataOf(world)).toEqual({ cart: { items: [{ n: 2 }] } })
  })

  test.each([0, 20])(
    'fifty parallel requests with handlers of %i ms each keep the key they wrote, in two processes',
    async (ms) => {
      const world = await worldWith({ start: true })
      const processes = [world.sessions, world.another()]
      world.store.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const context = world.open(processes[i % 2])
          const session = await context.session()
          await new Promise((resolve) => setTimeout(resolve, ms))
          session.data[`key${i}`] = i
          await context.commit()
        }),
      )
      expect(Object.keys(await dataOf(world))).toHaveLength(51)
    },
  )

  test('commits of one process go one after another, each on top of the one before: no conflict in the store', async () => {
    const world = await worldWith({ start: true })
    const contexts = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const context = world.open()
        ;(await context.session()).data[`key${i}`] = i
        return context
      }),
    )
    world.store.calls.length = 0
    await Promise.all(contexts.map((context) => context.commit()))
    expect(world.store.calls).toEqual(Array(20).fill('replace'))
    expect(Object.keys(await dataOf(world))).toHaveLength(21)
  })

  test('a session nobody changed is not written, whatever others did', async () => {
    const world = await worldWith({ a: 1 })
    const context = world.open()
    const { data } = await context.session()
    data.a = 2
    data.a = 1
    expect(context.commit()).toBeUndefined()
  })

  test('another order of keys is no change', async () => {
    const world = await worldWith({ a: 1, b: 2 })
    const context = world.open()
    const session = await context.session()
    session.data = { b: 2, a: 1 }
    expect(context.commit()).toBeUndefined()
  })

  test('what the merge brought in shows in the data of the request that merged', async () => {
    const world = await worldWith({ a: 1, list: [1] })
    const [mine, theirs] = [world.open(), world.open(world.another())]
    const session = await mine.session()
    const {
      data,
      data: { list },
    } = session
    data.a = 2
    ;(await theirs.session()).data.b = 2
    await theirs.commit()
    await session.save()
    expect(session.data).toBe(data)
    expect(data).toEqual({ a: 2, b: 2, list: [1] })
    expect(data.list).toBe(list)
  })

  test('what a handler changes while a save is on its way is saved by the next commit', async () => {
    const world = await worldWith({ a: 1 })
    const context = world.open()
    const session = await context.session()
    const { opened, open } = gate()
    world.store.before = () => opened
    session.data.a = 2
    const saving = session.save()
    session.data.b = 2
    open()
    await saving
    await context.commit()
    expect(await dataOf(world)).toEqual({ a: 2, b: 2 })
  })

  test('a commit waits for what the handler did not wait for', async () => {
    const world = await worldWith({ n: 0 })
    const context = world.open()
    const session = await context.session()
    session.update((data) => {
      data.n = 1
    })
    session.data.late = true
    await context.commit()
    expect(await dataOf(world)).toEqual({ n: 1, late: true })
  })
})

describe('one key changed by two requests', () => {
  async function collide(options: Partial<SessionOptions> = {}) {
    const world = await worldWith({ a: 1 }, options)
    const [first, second] = [world.open(), world.open(world.another(options))]
    ;(await first.session()).data.a = 'first'
    ;(await second.session()).data.a = 'second'
    await first.commit()
    return { world, second }
  }

  test('keeps the later commit, and an event names it', async () => {
    const { world, second } = await collide()
    await second.commit()
    expect(await dataOf(world)).toEqual({ a: 'second' })
    expect(world.eventsOf('overwritten')).toEqual([expect.objectContaining({ keys: ['a'] })])
  })

  test("fails with onConflict: 'fail', and nothing of the request is saved", async () => {
    const { world, second } = await collide({ onConflict: 'fail' })
    ;(await second.session()).data.b = 1
    await expect(second.commit()).rejects.toMatchObject({
      code: 'SESSION_CONFLICT',
      keys: ['a'],
      status: 409,
    })
    await expect(second.commit()).toBeUndefined()
    expect(await dataOf(world)).toEqual({ a: 'first' })
    expect(new SessionConflictError(['a'])).toBeInstanceOf(Error)
  })

  test('keeps what the function says that onConflict names', async () => {
    const { world, second } = await collide({
      onConflict: ({ key, loaded, mine, theirs }) => `${key}: ${loaded} ${mine} ${theirs}`,
    })
    await second.commit()
    expect(await dataOf(world)).toEqual({ a: 'a: 1 second first' })
    expect(world.eventsOf('overwritten')).toEqual([])
  })

  test('is no conflict when both wrote the same', async () => {
    const { world, second } = await collide({ onConflict: 'fail' })
    ;(await second.session()).data.a = 'first'
    ;(await second.session()).data.b = 1
    await second.commit()
    expect(await dataOf(world)).toEqual({ a: 'first', b: 1 })
  })
})

describe('update', () => {
  test('counts exactly under fifty parallel increments in two processes', async () => {
    const world = await worldWith({ n: 0 })
    const processes = [world.sessions, world.another()]
    world.store.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const session = await world.open(processes[i % 2]).session()
        await session.update((data) => {
          data.n = (data.n as number) + 1
        })
      }),
    )
    expect(await dataOf(world)).toEqual({ n: 50 })
  })

  test('answers what the change answers, also of one that waits', async () => {
    const world = await worldWith({ n: 1 })
    const session = await world.open().session()
    await expect(session.update(async (data) => data.n)).resolves.toBe(1)
  })

  test('writes nothing when the change changes nothing', async () => {
    const world = await worldWith({ n: 1 })
    const session = await world.open().session()
    world.store.calls.length = 0
    await session.update((data) => data.n)
    expect(world.store.calls).toEqual(['read'])
  })

  test('decides by what the store holds now that there is nothing to change', async () => {
    const world = await worldWith({ stock: 0 })
    const session = await world.open().session()
    const take = (data: Record<string, unknown>) => {
      if (data.stock === 0) return false
      data.stock = (data.stock as number) - 1
      return true
    }
    await expect(session.update(take)).resolves.toBe(false)
    await world.request(async (context) => Object.assign((await context.session()).data, { stock: 5 }))
    await expect(session.update(take)).resolves.toBe(true)
    expect(await dataOf(world)).toEqual({ stock: 4 })
    await world.request((context) => context.destroy())
    await expect(session.update(() => 1)).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' })
  })

  test('saves nothing when the change throws, and the data stay as they were', async () => {
    const world = await worldWith({ n: 1 })
    const context = world.open()
    const session = await context.session()
    const change = session.update((data) => {
      data.n = 2
      throw new RangeError('no')
    })
    await expect(change).rejects.toThrow(RangeError)
    expect(session.data).toEqual({ n: 1 })
    expect(context.commit()).toBeUndefined()
  })

  test('takes along what the request changed before, and shows the outcome in its data', async () => {
    const world = await worldWith({ n: 1 })
    const context = world.open()
    const session = await context.session()
    session.data.a = 1
    await session.update((data) => {
      data.n = (data.n as number) + (data.a as number)
    })
    expect(session.data).toEqual({ n: 2, a: 1 })
    expect(context.commit()).toBeUndefined()
    expect(await dataOf(world)).toEqual({ n: 2, a: 1 })
  })

  test('starts a session where there was none', async () => {
    const world = new World()
    await world.request(async (context) => {
      await (await context.session()).update((data) => {
        data.n = 1
      })
    })
    expect(world.cookie).toBeDefined()
    expect(await dataOf(world)).toEqual({ n: 1 })
  })

  test.each([true, false])(
    'is refused where setExpiry() has ended the session (stored: %s)',
    async (isStored) => {
      const world = isStored ? await worldWith({ n: 1 }) : new World()
      const context = world.open()
      const session = await context.session()
      session.setExpiry(0)
      const update = session.update((data) => {
        data.n = 2
      })
      await expect(update).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' })
      expect(world.values).toEqual([])
      world.take(context)
      expect(world.cookie).toBeUndefined()
    },
  )

  test('starts none when the change changes nothing', async () => {
    const world = new World()
    await world.request(async (context) => (await context.session()).update((data) => data.n))
    expect(world.store.calls).toEqual([])
    expect(world.cookie).toBeUndefined()
  })
})

describe('merging never crosses an identity', () => {
  async function meanwhile(change: (world: World) => Promise<void>, data: Data = { cart: [1] }) {
    const world = await worldWith(data)
    const context = world.open()
    const session = await context.session()
    session.data.note = 'late'
    await change(world)
    return { world, context, session }
  }
  /** Rewrites the stored value under the same id, as formats without an id of their own per login do. */
  const rewrite = (edit: (text: string) => string) => async (world: World) => {
    for (const entry of world.store.entries.values()) {
      const text = new TextDecoder().decode(entry.value)
      entry.value = new TextEncoder().encode(edit(text).replace(/^\["0/, '["1'))
    }
  }

  test.each([
    ['another owner', (text: string) => text.replace('",{', ' owner=bob&at=1",{')],
    ['another creation stamp', (text: string) => text.replace(/\.(\w{9})"/, '.000000001"')],
    ['another value of an identity key', (text: string) => text.replace('"cart"', '"passport"')],
  ])('%s under the same id interrupts the request', async (_, edit) => {
    const { world, context, session } = await meanwhile(rewrite(edit))
    const before = world.values
    await expect(session.save()).rejects.toMatchObject({
      code: 'SESSION_INTERRUPTED',
    } satisfies Partial<SessionInterruptedError>)
    expect(context.commit()).toBeUndefined()
    expect(world.values).toEqual(before)
    expect(world.eventsOf('interrupted')).toEqual([expect.objectContaining({ keys: ['note'] })])
  })

  test('an identity key that this request itself changed is a change like any other', async () => {
    const { world, context, session } = await meanwhile(async (world) => {
      const other = world.open(world.another())
      ;(await other.session()).data.other = 1
      await other.commit()
    })
    session.data.passport = { user: 1 }
    await context.commit()
    expect(await dataOf(world)).toEqual({ cart: [1], note: 'late', other: 1, passport: { user: 1 } })
  })
})
