import { describe, expect, test } from 'vitest'
import { utf8 } from './bytes.ts'
import { StoreUnavailableError } from './errors.ts'
import type { SessionOptions } from './options.ts'
import { sameBytes } from './same.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { World } from './testing.ts'

const put = async (world: World, data: Record<string, unknown>) =>
  world.request(async (context) => Object.assign((await context.session()).data, data))

describe('anonymous visitors cost nothing', () => {
  test('no command and no cookie for a request that only reads', async () => {
    const world = new World()
    const context = world.open()
    const session = await context.session()
    expect(session.isNew).toBe(true)
    expect(session.data).toEqual({})
    expect(context.commit()).toBeUndefined()
    expect(context.headers()).toEqual({ setCookies: [], vary: true })
    expect(world.store.calls).toEqual([])
  })

  test('nothing to wait for when there is no cookie', () => {
    const world = new World()
    const context = world.open()
    expect(context.load()).toBeUndefined()
    expect(context.loaded?.isNew).toBe(true)
  })

  test.each([
    '',
    'sid=',
    'sid=short',
    `sid=${'x'.repeat(33)}`,
    `sid=${'x'.repeat(70_000)}`,
    'sid=ünïcödé',
    'other=1',
  ])('no command for the cookie %.20s', async (cookie) => {
    const world = new World()
    const context = world.open(world.sessions, cookie)
    expect((await context.session()).isNew).toBe(true)
    expect(world.store.calls).toEqual([])
  })

  test('a key set to undefined is nothing to store', async () => {
    const world = new World()
    await put(world, { a: undefined })
    expect(world.store.calls).toEqual([])
  })

  test('an explicit save stores even an empty session', async () => {
    const world = new World()
    await world.request(async (context) => (await context.session()).save())
    expect(world.values).toHaveLength(1)
    expect(world.cookie).toBeDefined()
  })
})

describe('ids', () => {
  test('an unknown id is never adopted', async () => {
    const world = new World()
    const planted = 'A'.repeat(32)
    world.cookie = `sid=${planted}`
    await put(world, { n: 1 })
    expect(world.cookie).toBeDefined()
    expect(world.cookie).not.toContain(planted)
    expect(world.eventsOf('unknown-id')).toHaveLength(1)
  })

  test('what is stored does not show the id, and the stored hash is no cookie', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const id = world.cookie?.slice(4) as string
    const [key] = world.store.entries.keys()
    expect(key).not.toContain(id)
    expect(world.values.join()).not.toContain(id)
    const hash = key?.slice('tegata:'.length) as string
    const thief = world.open(world.sessions, `sid=${hash.slice(0, 32)}`)
    expect((await thief.session()).isNew).toBe(true)
  })

  test('neither events nor what is logged of a session show the id', async () => {
    const world = new World()
    await put(world, { n: 1 })
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    const session = await world.open().session()
    const inspect = Symbol.for('nodejs.util.inspect.custom')
    const shown = JSON.stringify([
      world.events,
      session,
      (session as unknown as Record<symbol, () => unknown>)[inspect]?.(),
    ])
    expect(shown).not.toContain(session.id)
    expect(shown).toContain(session.handle)
  })

  test('an id that is taken is replaced by another', async () => {
    let calls = 0
    const random = (bytes: number) => new Uint8Array(bytes).fill(calls++ < 2 ? 7 : calls)
    const world = new World({ random })
    await put(world, { n: 1 })
    const first = world.cookie
    calls = 0
    world.cookie = undefined
    await put(world, { n: 2 })
    expect(world.cookie).not.toBe(first)
    expect(world.values).toHaveLength(2)
  })
})

describe('the cookie', () => {
  test('is set when a session is created or gets a new id, and by no read or write', async () => {
    const world = new World({ rolling: true })
    const cookies: boolean[] = []
    const step = async (handler: (world: World) => (context: ReturnType<World['open']>) => unknown) => {
      const context = world.open()
      await handler(world)(context)
      await context.commit()
      cookies.push(world.take(context) !== undefined)
    }
    await step(() => async (context) => Object.assign((await context.session()).data, { n: 1 }))
    await step(() => async (context) => (await context.session()).data.n)
    await step(() => async (context) => Object.assign((await context.session()).data, { n: 2 }))
    await step(
      () => async (context) => (await context.session()).update((data) => Object.assign(data, { n: 3 })),
    )
    await step(() => async (context) => (await context.session()).rotate())
    await step(() => async (context) => (await context.session()).authenticate('ann'))
    expect(cookies).toEqual([true, false, false, false, true, true])
  })

  test('is HttpOnly, SameSite=Lax, bound to the host when secure, and lives as long as the session can', async () => {
    const world = new World()
    const context = world.sessions.open({ secure: true })
    ;(await context.session()).data.n = 1
    await context.commit()
    expect(context.headers().setCookies[0]).toMatch(
      /^__Host-sid=[\w-]{32}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  test('is cleared by a logout with its own attributes, and only if the request carried one', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    await context.destroy()
    expect(context.headers().setCookies[0]).toMatch(
      /^sid=; Max-Age=0; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/,
    )

    const fresh = world.sessions.open({})
    await (await fresh.session()).save()
    await (await fresh.session()).destroy()
    expect(fresh.headers().setCookies[0]).toBeUndefined()
  })

  test('of a session that was saved before something failed is still set: the old one is gone', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    const session = await context.session()
    await session.authenticate('ann')
    await session.save()
    session.data.bad = () => {}
    await expect(context.commit()).rejects.toMatchObject({ code: 'SESSION_DATA_INVALID', status: 500 })
    const [setCookie] = context.headers().setCookies
    expect(setCookie).toContain(session.id)
  })

  test('follows the idle deadline where the options say so: sent again whenever this request moved it', async () => {
    const world = new World({ cookie: { deadline: 'idle' }, idleTimeout: 60 })
    const rolling = world.another({
      cookie: { deadline: 'idle' },
      idleTimeout: 60,
      rolling: true,
      touchAfter: 10,
    })
    const lifeAfter = async (
      handler: (session: Session) => unknown,
      sessions: Sessions<Record<string, unknown>> = world.sessions,
    ) => {
      const context = world.open(sessions)
      handler(await context.session())
      await context.commit()
      return /Max-Age=(\d+)/.exec(world.take(context) ?? '')?.[1]
    }
    expect(await lifeAfter((session) => Object.assign(session.data, { n: 1 }))).toBe('60')
    world.time += 5000
    expect(await lifeAfter((session) => session.data.n)).toBeUndefined()
    expect(await lifeAfter((session) => Object.assign(session.data, { n: 2 }))).toBe('60')
    world.time += 5000
    expect(await lifeAfter((session) => session.touch())).toBe('60')
    world.time += 5000
    expect(await lifeAfter((session) => session.data.n, rolling)).toBeUndefined()
    world.time += 5000
    expect(await lifeAfter((session) => session.data.n, rolling)).toBe('60')
    expect(await lifeAfter((session) => session.setExpiry('browser'))).toBeUndefined()
    expect(await lifeAfter((session) => Object.assign(session.data, { n: 3 }))).toBeUndefined()
  })

  test('is made and read by a transport of its own where the options give one', async () => {
    const world = new World({
      cookie: { name: 'id' },
      transport: ({ name }) => ({
        nameFor: () => name,
        read: (header) => header?.slice(`${name}=`.length),
        set: (id, _secure, expiresAt) => [`${name}=${id}`, `${name}.until=${expiresAt}`],
        clear: () => [`${name}=; Max-Age=0`, `${name}.until=; Max-Age=0`],
      }),
    })
    const context = world.open()
    const session = await context.session()
    session.data.n = 1
    await context.commit()
    const until = session.absoluteExpiresAt
    expect(context.headers().setCookies).toEqual([`id=${session.id}`, `id.until=${until}`])

    const next = world.sessions.open({ cookie: `id=${session.id}` })
    expect((await next.session()).data).toEqual({ n: 1 })
    await next.destroy()
    expect(next.headers().setCookies).toEqual(['id=; Max-Age=0', 'id.until=; Max-Age=0'])
  })

  test('is not looked at where the id comes in another way, and the way back is told', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const id = world.cookie?.slice('sid='.length)
    const context = world.sessions.open({ cookie: 'sid=other', id })
    const session = await context.session()
    expect(session.data).toEqual({ n: 1 })
    expect(context.idChange()).toBeUndefined()
    await session.rotate()
    await context.commit()
    expect(context.idChange()).toEqual({
      type: 'set',
      id: session.id,
      expiresAt: session.absoluteExpiresAt,
    })
    const last = world.sessions.open({ id: session.id })
    await last.destroy()
    expect(last.idChange()).toEqual({ type: 'clear' })
    expect((await world.sessions.open({ id: '../etc' }).session()).isNew).toBe(true)
    expect(world.eventsOf('malformed-id')).toHaveLength(1)
  })

  test('reports a Secure cookie that the browser would drop', async () => {
    const world = new World({ cookie: { secure: true } })
    await put(world, { n: 1 })
    expect(world.eventsOf('insecure-cookie')).toEqual([{ type: 'insecure-cookie', name: '__Host-sid' }])
  })

  test('is read under the name of the scheme of the request and no other', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const secure = world.sessions.open({ cookie: world.cookie, secure: true })
    expect((await secure.session()).isNew).toBe(true)
  })
})

describe('laziness', () => {
  test('a request that ignores its session sends nothing and does not vary', async () => {
    const world = new World()
    await put(world, { n: 1 })
    world.store.calls.length = 0
    const context = world.open()
    expect(context.commit()).toBeUndefined()
    expect(context.headers()).toEqual({ setCookies: [], vary: false })
    expect(world.store.calls).toEqual([])
  })

  test('loading ahead does not vary by itself', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    await context.load()
    expect(context.headers()).toEqual({ setCookies: [], vary: false })
    expect(context.loaded?.data).toEqual({ n: 1 })
    expect(context.headers()).toEqual({ setCookies: [], vary: true })
  })

  test('a logout that has not read the session costs one command', async () => {
    const world = new World()
    await put(world, { n: 1 })
    world.store.calls.length = 0
    const context = world.open()
    await expect(context.destroy()).resolves.toBe(true)
    expect(world.store.calls).toEqual(['destroy'])
  })

  test('two parts of a handler share one load', async () => {
    const world = new World()
    await put(world, { n: 1 })
    world.store.calls.length = 0
    const context = world.open()
    const [a, b] = await Promise.all([context.session(), context.session()])
    expect(a).toBe(b)
    expect(world.store.calls).toEqual(['read'])
  })
})

describe('after a logout', () => {
  test.each([
    ['a lazy one', async (world: World) => world.open()],
    [
      'one after reading',
      async (world: World) => {
        const context = world.open()
        await context.session()
        return context
      },
    ],
  ])('of %s the same request may start a new session', async (_, open) => {
    const world = new World()
    await put(world, { n: 1 })
    const context = await open(world)
    await context.destroy()
    expect(context.commit()).toBeUndefined()
    const session = await context.session()
    expect(session.data).toEqual({})
    session.data.flash = 'Bye'
    await context.commit()
    world.take(context)
    expect((await world.open().session()).data).toEqual({ flash: 'Bye' })
    expect(world.values).toHaveLength(1)
  })

  test('what the ended session is given is not saved', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    const session = await context.session()
    await session.destroy()
    session.data.n = 2
    expect(context.loaded).toBeUndefined()
    expect(context.commit()).toBeUndefined()
    await expect(session.save()).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' })
    expect(world.values).toEqual([])
  })

  test('a second one answers false', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    await expect(context.destroy()).resolves.toBe(true)
    await expect(context.destroy()).resolves.toBe(false)
  })
})

describe('once the headers have left', () => {
  async function sealed(data: Record<string, unknown> = { n: 1 }) {
    const world = new World()
    if (Object.keys(data).length > 0) await put(world, data)
    const context = world.open()
    const session = await context.session()
    context.seal()
    world.store.calls.length = 0
    return { world, context, session }
  }
  const headersSent = { code: 'SESSION_HEADERS_SENT', status: 500 }

  test('changes of a stored session are still saved', async () => {
    const { world, context, session } = await sealed()
    session.data.n = 2
    await context.commit()
    expect((await world.open().session()).data).toEqual({ n: 2 })
  })

  test('a new session, a new id and a new date are errors, before anything is sent to the store', async () => {
    const { world, session } = await sealed()
    await expect(session.rotate()).rejects.toMatchObject(headersSent)
    await expect(session.authenticate('ann')).rejects.toMatchObject(headersSent)
    expect(() => session.setExpiry('browser')).toThrow(expect.objectContaining(headersSent))
    const anonymous = await sealed({})
    anonymous.session.data.n = 1
    await expect(anonymous.context.commit()).rejects.toMatchObject(headersSent)
    expect([...world.store.calls, ...anonymous.world.store.calls]).toEqual([])
  })

  test('a logout still ends the session', async () => {
    const { world, session } = await sealed()
    await expect(session.destroy()).resolves.toBe(true)
    expect(world.values).toEqual([])
  })

  test('a session that is opened later is sealed too', async () => {
    const world = new World()
    const context = world.open()
    context.seal()
    await expect((await context.session()).authenticate('ann')).rejects.toMatchObject(headersSent)
  })
})

describe('a stored value that cannot be read', () => {
  const head = '["0mjuohs00Jb2b48C.001uo0.0ml1jpc00.0mjuohs00"'
  const values: [string, string][] = [
    ['not JSON', 'hello'],
    ['truncated', `${head},{"n":`],
    ['empty', ''],
    ['null', 'null'],
    ['a number', '42'],
    ['an empty array', '[]'],
    ['data that are no object', `${head},[1]]`],
    ['data of broken JSON', `${head},{"n":}]`],
    ['data with a __proto__', `${head},{"__proto__":{"admin":true}}]`],
    ['data 10,000 deep', `${head},{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}]`],
    ['larger than maxBytes', `${head},{"a":"${'x'.repeat(5_000_000)}"}]`],
    ['not UTF-8', '\u0000'],
  ]

  async function corrupted(text: string, options: Partial<SessionOptions> = {}) {
    const world = new World(options)
    await put(world, { n: 1 })
    const bytes = text === '\u0000' ? new Uint8Array([0xff, 0xfe]) : utf8(text)
    for (const entry of world.store.entries.values()) entry.value = bytes
    const unchanged = () =>
      expect(sameBytes([...world.store.entries.values()][0]?.value ?? utf8(''), bytes)).toBe(true)
    return { world, unchanged }
  }

  describe.each(values)('(%s)', (_, text) => {
    test('is one typed error where its data is used, and stays as it is', async () => {
      const { world, unchanged } = await corrupted(text)
      const context = world.open()
      const session = await context.session()
      expect(() => session.data).toThrow(
        expect.objectContaining({ code: 'SESSION_VALUE_INVALID', status: 500 }),
      )
      expect(() => session.data).toThrow(expect.objectContaining({ expose: false }))
      await expect(session.update(() => {})).rejects.toMatchObject({ code: 'SESSION_VALUE_INVALID' })
      await expect(session.rotate()).rejects.toMatchObject({ code: 'SESSION_VALUE_INVALID' })
      await expect(session.save()).rejects.toMatchObject({ code: 'SESSION_VALUE_INVALID' })
      expect(context.commit()).toBeUndefined()
      expect(context.headers().setCookies[0]).toBeUndefined()
      expect(world.eventsOf('invalid-value')).toHaveLength(1)
      unchanged()
    })

    test('does not stand in the way of a login', async () => {
      const { world } = await corrupted(text)
      const old = world.cookie
      await world.request(async (context) => {
        const session = await context.session()
        await session.authenticate('ann')
        session.data.n = 2
      })
      const session = await world.open().session()
      expect(session.owner).toBe('ann')
      expect(session.data).toEqual({ n: 2 })
      expect(world.cookie).not.toBe(old)
      expect(world.values).toHaveLength(1)
    })

    test('does not stand in the way of a logout, after reading or without', async () => {
      for (const read of [true, false]) {
        const { world } = await corrupted(text)
        const context = world.open()
        if (read) await context.session()
        await expect(context.destroy()).resolves.toBe(true)
        expect(context.headers().setCookies[0]).toContain('Max-Age=0')
        expect(world.values).toEqual([])
      }
    })

    test("is passed over with onInvalid: 'discard', and stays as it is", async () => {
      const { world, unchanged } = await corrupted(text, { onInvalid: 'discard' })
      await world.request(async (context) => Object.assign((await context.session()).data, { m: 1 }))
      expect((await world.open().session()).data).toEqual({ m: 1 })
      unchanged()
    })
  })

  test('found by a commit is an error and stays as it is', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const context = world.open()
    ;(await context.session()).data.n = 2
    for (const entry of world.store.entries.values()) entry.value = utf8('hello')
    await expect(context.commit()).rejects.toMatchObject({ code: 'SESSION_VALUE_INVALID' })
    expect(world.values).toEqual(['hello'])
  })
})

describe('events', () => {
  test('a listener that throws breaks no request', async () => {
    const world = new World({
      onEvent: () => {
        throw new Error('broken')
      },
    })
    const { error } = console
    const logged: unknown[] = []
    console.error = (...args) => logged.push(args)
    await put(world, { n: 1 }).finally(() => {
      console.error = error
    })
    expect(world.values).toHaveLength(1)
    expect(logged).toHaveLength(1)
  })

  test('tell the life of a session by its handle', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const { handle: first } = await world.open().session()
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    const { handle: second } = await world.open().session()
    await world.request((context) => context.destroy())
    expect(world.events).toEqual([
      { type: 'created', handle: first },
      { type: 'rotated', handle: second, previous: first, owner: 'ann' },
      { type: 'destroyed', handle: second },
    ])
  })

  test('of one request reach its own listener as well, and no other', async () => {
    const world = new World()
    await put(world, { n: 1 })
    const own: string[] = []
    const context = world.sessions.open({ cookie: world.cookie, onEvent: ({ type }) => own.push(type) })
    await context.destroy()
    await world.open().session()
    expect(own).toEqual(['destroyed'])
    expect(world.events.map(({ type }) => type)).toEqual(['created', 'destroyed', 'ended-id'])
  })
})

describe('a context is dirty', () => {
  test('while a commit would write something, and not after', async () => {
    const world = new World()
    const context = world.open()
    expect(context.isDirty).toBe(false)
    const { data } = await context.session()
    expect(context.isDirty).toBe(false)
    data.n = 1
    expect(context.isDirty).toBe(true)
    await context.commit()
    expect(context.isDirty).toBe(false)
  })

  test('no more once its commit failed', async () => {
    const world = new World()
    const context = world.open()
    Object.assign((await context.session()).data, { n: 1 })
    world.store.before = () => {
      throw new StoreUnavailableError('down')
    }
    await expect(context.commit()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(context.isDirty).toBe(false)
  })
})
