import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { SessionContext } from './context.ts'
import type { SessionOptions } from './options.ts'
import { createSessions } from './sessions.ts'
import { MapStore, World } from './testing.ts'

const schema = z.object({ views: z.number().default(0), name: z.string().optional() })

async function started(options: Partial<SessionOptions<z.infer<typeof schema>>> = {}) {
  const world = new World({ schema, ...options })
  await world.request(async (context) => {
    ;(await context.session()).data.name = 'x'
  })
  return world
}

describe('a schema', () => {
  test('types the data', async () => {
    const sessions = createSessions({ store: new MapStore(Date.now), schema })
    const session = await sessions.open({}).session()
    expectTypeOf(session.data).toEqualTypeOf<{ views: number; name?: string | undefined }>()
    expect(session.data.views).toBe(0)
  })

  test('gives new sessions its defaults, which are nothing to store by themselves', async () => {
    const world = new World({ schema })
    const context = world.open()
    expect((await context.session()).data).toEqual({ views: 0 })
    expect(context.commit()).toBeUndefined()
  })

  test('gives its defaults to a login that starts anew, and where no session can be saved', async () => {
    const world = await started()
    const login = (owner: string, before: (context: SessionContext) => unknown) =>
      world.request(async (context) => {
        const session = await context.session()
        session.data.views = 5
        await before(context as never)
        await session.authenticate(owner)
        return session.data
      })
    await login('ann', () => {})
    const { cookie } = world
    expect(await login('bob', (context) => context.loaded?.save())).toEqual({ views: 0 })
    expect(await login('cid', (context) => context.loaded?.save().then(() => context.destroy()))).toEqual({
      views: 0,
    })
    expect(
      await login('dan', (context) => context.loaded?.save().then(() => world.open().destroy())),
    ).toEqual({ views: 0 })

    const ended = world.open(world.sessions, cookie)
    expect((await ended.session()).data).toEqual({ views: 0 })
    expect(ended.commit()).toBeUndefined()
    expect(world.eventsOf('ended-id')).toHaveLength(1)

    const anonymous = world.another({ schema, onStoreError: 'anonymous' })
    world.store.before = () => {
      throw new Error('down')
    }
    expect((await world.open(anonymous).session()).data).toEqual({ views: 0 })
  })

  test('of a new session is what a reload goes back to', async () => {
    const session = await new World({ schema }).open().session()
    session.data.views = 1
    session.data.name = 'x'
    await session.reload()
    expect(session.data).toEqual({ views: 0 })
  })

  test('gives each session defaults of its own, at any depth', async () => {
    const nested = z.object({ cart: z.object({ items: z.array(z.string()) }).default({ items: [] }) })
    const world = await started()
    const next = world.another({ schema: schema.extend(nested.shape) as never })
    for (const cookie of ['', world.cookie]) {
      const read = async () =>
        (await world.open(next, cookie).session()).data as unknown as z.infer<typeof nested>
      ;(await read()).cart.items.push('of a visitor')
      expect((await read()).cart).toEqual({ items: [] })
    }
  })

  test('gives stored sessions the defaults they lack, which are no change', async () => {
    const world = await started()
    const next = world.another({ schema: schema.extend({ theme: z.string().default('light') }) as never })
    const context = world.open(next)
    expect((await context.session()).data).toEqual({ views: 0, name: 'x', theme: 'light' })
    expect(context.commit()).toBeUndefined()
  })

  test('refuses to store what could not be loaded again, naming where it is wrong', async () => {
    const world = await started()
    const before = world.values
    const context = world.open()
    ;(await context.session()).data.views = 'many' as never
    await expect(context.commit()).rejects.toMatchObject({
      code: 'SESSION_DATA_INVALID',
      message: expect.stringContaining('views'),
    })
    expect(world.values).toEqual(before)
  })

  test('lets an update put into a new session what it needs', async () => {
    const needs = z.object({ cart: z.array(z.string()), views: z.number().default(0) })
    const world = new World({ schema: needs })
    await world.request(async (context) =>
      (await context.session()).update((data) => {
        data.cart = [...(data.cart ?? []), 'apple']
      }),
    )
    expect((await world.open().session()).data).toEqual({ cart: ['apple'], views: 0 })
    const another = world.open(world.sessions, '')
    const update = (await another.session()).update(() => {})
    await expect(update).resolves.toBeUndefined()
    expect(world.values).toHaveLength(1)
  })

  test('refuses the outcome of an update', async () => {
    const world = await started()
    const session = await world.open().session()
    const update = session.update((data) => Object.assign(data, { views: 'many' }))
    await expect(update).rejects.toMatchObject({ code: 'SESSION_DATA_INVALID' })
  })

  test('that no longer accepts what is stored makes it an invalid value: untouched, and a login works', async () => {
    const world = await started()
    const before = world.values
    const strict = world.another({ schema: z.object({ views: z.number(), name: z.number() }) as never })
    const context = world.open(strict)
    const session = await context.session()
    expect(() => session.data).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    expect(context.commit()).toBeUndefined()
    expect(world.values).toEqual(before)
  })

  test("that no longer accepts what is stored starts a new session with onInvalid: 'discard'", async () => {
    const world = await started()
    const discarding = world.another({
      schema: z.object({ name: z.number().optional() }) as never,
      onInvalid: 'discard',
    })
    expect((await world.open(discarding).session()).data).toEqual({})
  })

  test('may take its time', async () => {
    const slow = schema.refine(
      async () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1)),
    )
    const world = await started({ schema: slow })
    expect((await world.open().session()).data).toEqual({ views: 0, name: 'x' })
  })

  test('that converts makes no value of one owner the own of a request that logs another in', async () => {
    const dated = z.object({ born: z.coerce.date().optional(), note: z.string().optional() })
    const world = new World<z.infer<typeof dated>>({ schema: dated })
    await world.request(async (context) => {
      const session = await context.session()
      session.data.born = new Date(1)
      await session.authenticate('ann')
    })
    for (const owner of ['bob', 'cid']) {
      await world.request(async (context) => {
        const session = await context.session()
        session.data.note = `of ${owner}`
        if (owner === 'cid') await session.destroy()
        await session.authenticate(owner)
        expect(session.data).toEqual({ note: `of ${owner}` })
        session.data.born = new Date(2)
      })
    }
  })

  test('lets nothing pass that the format would lose, where what is left of it is as it was', async () => {
    const loose = z.object({ bag: z.any(), n: z.number().optional() })
    const world = new World<z.infer<typeof loose>>({ schema: loose })
    await world.request(async (context) => {
      ;(await context.session()).data.bag = {}
    })
    const context = world.open()
    Object.assign((await context.session()).data, { bag: new Set([1]), n: 1 })
    await expect(context.commit()).rejects.toMatchObject({ code: 'SESSION_DATA_INVALID' })
  })

  test('that converts has events name only what a request changed', async () => {
    const dated = z.object({ born: z.coerce.date().optional(), note: z.string().optional() })
    const world = new World<z.infer<typeof dated>>({ schema: dated })
    await world.request(async (context) => {
      ;(await context.session()).data.born = new Date(1)
    })
    const late = world.open()
    ;(await late.session()).data.note = 'late'
    await world.open().destroy()
    await late.commit()
    expect(world.eventsOf('interrupted')).toMatchObject([{ keys: ['note'] }])
  })

  test('may convert, as long as what is stored converts again', async () => {
    const dated = z.object({ at: z.coerce.date().optional() })
    const world = new World<z.infer<typeof dated>>({ schema: dated })
    const at = new Date(world.time)
    await world.request(async (context) => {
      ;(await context.session()).data.at = at
    })
    const context = world.open()
    expect((await context.session()).data.at).toEqual(at)
    expect(context.commit()).toBeUndefined()
  })
})
