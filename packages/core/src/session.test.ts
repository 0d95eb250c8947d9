import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Expiry } from './format.ts'
import type { SessionOptions } from './options.ts'
import type { Session } from './session.ts'
import { World } from './testing.ts'

const DAY = 86_400

async function started(options: Partial<SessionOptions> = {}) {
  const world = new World(options)
  await world.request(async (context) => Object.assign((await context.session()).data, { n: 1 }))
  return world
}

describe('data', () => {
  test('is typed by createSessions', async () => {
    const world = new World<{ views?: number }>()
    const session = await world.open().session()
    expectTypeOf(session.data.views).toEqualTypeOf<number | undefined>()
    session.data.views = (session.data.views ?? 0) + 1
    expect(session.data).toEqual({ views: 1 })
  })

  test.each([0, 2000])(
    'that are assigned with a key named __proto__ are refused, beside %i bytes',
    async (bytes) => {
      const world = await started()
      await world.request(async (context) =>
        Object.assign((await context.session()).data, { text: 'x'.repeat(bytes) }),
      )
      const context = world.open()
      const session = await context.session()
      session.data = JSON.parse('{"n":2,"__proto__":{"isAdmin":true}}')
      expect((session.data as { isAdmin?: boolean }).isAdmin).toBeUndefined()
      await expect(context.commit()).rejects.toMatchObject({ code: 'SESSION_DATA_INVALID' })
    },
  )

  test('keeps its identity when it is assigned, saved or reloaded', async () => {
    const world = await started()
    const session = await world.open().session()
    const { data } = session
    session.data = { m: 1 }
    await session.save()
    await session.reload()
    expect(session.data).toBe(data)
    expect(data).toEqual({ m: 1 })
  })

  test.each([
    ['a function', () => {}],
    ['a Map', new Map([[1, 2]])],
    ['bytes', new Uint8Array(3)],
    ['a bigint', 1n],
  ])('that cannot be stored (%s) is an error that names the key', async (_, bad) => {
    const world = await started()
    const context = world.open()
    ;(await context.session()).data.bad = bad
    await expect(context.commit()).rejects.toMatchObject({
      code: 'SESSION_DATA_INVALID',
      message: expect.stringContaining('"bad"'),
    })
    expect(context.commit()).toBeUndefined()
  })

  test('that would be larger than maxBytes is an error, and what is stored stays', async () => {
    const world = await started({ maxBytes: 1000 })
    const context = world.open()
    ;(await context.session()).data.big = 'x'.repeat(1000)
    await expect(context.commit()).rejects.toMatchObject({ code: 'SESSION_DATA_INVALID' })
    expect((await world.open().session()).data).toEqual({ n: 1 })
  })
})

describe('reload', () => {
  test('forgets what the request changed and takes what the store holds', async () => {
    const world = await started()
    const context = world.open()
    const session = await context.session()
    session.data.n = 'mine'
    await world.request(async (other) => Object.assign((await other.session()).data, { n: 'theirs' }))
    await session.reload()
    expect(session.data).toEqual({ n: 'theirs' })
    expect(context.commit()).toBeUndefined()
  })

  test.each(['nothing', 'rotate', 'authenticate'] as const)(
    'takes how long the session lasts as well (before it: %s)',
    async (verb) => {
      const world = await started()
      await world.request(async (context) => (await context.session()).authenticate('ann'))
      const context = world.open()
      const session = await context.session()
      const { expiresAt } = session
      session.setExpiry(5)
      if (verb === 'rotate') await session.rotate()
      if (verb === 'authenticate') await session.authenticate('ann')
      await session.reload()
      expect(session).toMatchObject({ expiry: undefined, expiresAt })
      await world.request(async (other) => (await other.session()).setExpiry(60))
      await session.reload()
      expect(session).toMatchObject({ owner: 'ann', expiry: 60, expiresAt: world.time + 60_000 })
      await context.commit()
      world.take(context)
      expect(await world.open().session()).toMatchObject({ owner: 'ann', expiry: 60 })
    },
  )

  test('finds a session ended that the rules say is over, though the store still has it', async () => {
    const world = await started({ absoluteTimeout: 60 })
    const session = await world.open().session()
    for (const entry of world.store.entries.values()) entry.expiresAt = Number.POSITIVE_INFINITY
    world.time += 60_000
    await expect(session.reload()).rejects.toMatchObject({ code: 'SESSION_INTERRUPTED' })
  })

  test('of a new session empties it', async () => {
    const session = await new World().open().session()
    session.data.n = 1
    await session.reload()
    expect(session.data).toEqual({})
  })
})

describe('rotate', () => {
  test('keeps the data and the creation, gives a new id, and the old one stops working', async () => {
    const world = await started()
    const old = world.cookie
    const createdAt = (await world.open().session()).createdAt
    world.time += 1000
    await world.request(async (context) => {
      const session = await context.session()
      const { id } = session
      await session.rotate()
      expect(session.id).not.toBe(id)
    })
    const session = await world.open().session()
    expect(session.data).toEqual({ n: 1 })
    expect(session.createdAt).toBe(createdAt)
    expect((await world.open(world.sessions, old).session()).data).toEqual({})
  })

  test('costs one command together with everything else that changed', async () => {
    const world = await started()
    world.store.calls.length = 0
    await world.request(async (context) => {
      const session = await context.session()
      await session.rotate()
      session.data.m = 2
      await session.rotate()
    })
    expect(world.store.calls).toEqual(['read', 'rotate'])
    expect((await world.open().session()).data).toEqual({ n: 1, m: 2 })
  })

  test('merges what others wrote meanwhile', async () => {
    const world = await started()
    const context = world.open()
    await (await context.session()).rotate()
    await world.request(async (other) => Object.assign((await other.session()).data, { m: 2 }))
    await context.commit()
    world.take(context)
    expect((await world.open().session()).data).toEqual({ n: 1, m: 2 })
    expect(world.values).toHaveLength(1)
  })
})

describe('authenticate', () => {
  test('costs one command without a session and two with one', async () => {
    const world = new World()
    const login = () => world.request(async (context) => (await context.session()).authenticate('ann'))
    await login()
    expect(world.store.calls).toEqual(['create'])
    world.store.calls.length = 0
    await login()
    expect(world.store.calls).toEqual(['read', 'rotate'])
  })

  test('sets the owner, records when, and keeps what an anonymous visitor put in', async () => {
    const world = await started()
    world.time += 1000
    await world.request(async (context) => {
      const session = await context.session()
      await session.authenticate('ann', { label: 'Firefox' })
      expect(session).toMatchObject({ owner: 'ann', label: 'Firefox', authenticatedAt: world.time })
    })
    const session = await world.open().session()
    expect(session).toMatchObject({ owner: 'ann', label: 'Firefox', authenticatedAt: world.time })
    expect(session.data).toEqual({ n: 1 })
  })

  test('changes the id of the same owner too', async () => {
    const world = new World()
    const login = () => world.request(async (context) => (await context.session()).authenticate('ann'))
    await login()
    const first = world.cookie
    await login()
    expect(world.cookie).not.toBe(first)
    expect(world.values).toHaveLength(1)
  })

  test("hands none of one owner's data to the next", async () => {
    const world = new World()
    await world.request(async (context) => {
      const session = await context.session()
      session.data.secret = "ann's"
      await session.authenticate('ann')
    })
    await world.request(async (context) => {
      const session = await context.session()
      session.data.form = 'mine'
      await session.authenticate('bob')
      expect(session.data).toEqual({ form: 'mine' })
    })
    const session = await world.open().session()
    expect(session.owner).toBe('bob')
    expect(session.data).toEqual({ form: 'mine' })
    expect(world.values).toHaveLength(1)
  })

  test("hands none of it over by a reload, and loses nothing that looks like the other owner's", async () => {
    const world = new World()
    const login = (owner: string, then: (session: Session) => unknown) =>
      world.request(async (context) => {
        const session = await context.session()
        await session.authenticate(owner)
        await then(session)
      })
    await login('ann', (session) => Object.assign(session.data, { secret: "ann's", role: 'user' }))
    await login('bob', async (session) => {
      session.data.form = 'mine'
      await session.reload()
      expect(session.data).toEqual({})
    })
    expect(await world.open().session()).toMatchObject({ owner: 'bob', data: {} })

    await login('ann', (session) => Object.assign(session.data, { role: 'user' }))
    await login('bob', async (session) => {
      session.data.role = 'user'
      await world.open().destroy()
    })
    expect(await world.open().session()).toMatchObject({ owner: 'bob', data: { role: 'user' } })
  })

  test('after a logout of the same request takes along what that request put in, and nothing that it found', async () => {
    const world = new World()
    await world.request(async (context) => {
      const session = await context.session()
      session.data.secret = 'of ann'
      session.data.cart = ['a']
      await session.authenticate('ann')
    })
    await world.request(async (context) => {
      const session = await context.session()
      session.data.locale = 'ja'
      await session.destroy()
      await session.authenticate('bob')
      expect(session.data).toEqual({ locale: 'ja' })
    })
    await world.request(async (context) => {
      const session = await context.session()
      expect(session).toMatchObject({ owner: 'bob', data: { locale: 'ja' } })
    })
  })

  const starts: [string, (world: World, session: Session) => Promise<unknown>, owner: string][] = [
    ["on another owner's session", async () => {}, 'bob'],
    ['after a logout of the same request', (_, session) => session.destroy(), 'ann'],
    [
      'after a logout elsewhere that was noticed',
      async (world, session) => {
        await world.open().destroy()
        await session.reload().catch(() => {})
      },
      'ann',
    ],
    ['after a logout elsewhere', async (world) => world.open().destroy(), 'ann'],
  ]

  test.each(starts)(
    'that starts anew %s lasts as this request says, not as the other session did',
    async (_, before, owner) => {
      for (const own of ['browser', 60, undefined] as const) {
        const world = new World()
        await world.request(async (context) => {
          const session = await context.session()
          session.setExpiry('browser')
          await session.authenticate('ann')
        })
        await world.request(async (context) => {
          const session = await context.session()
          if (own !== undefined) session.setExpiry(own)
          await before(world, session)
          await session.authenticate(owner)
        })
        expect(await world.open().session()).toMatchObject({ owner, expiry: own })
      }
    },
  )

  test('after a logout is not refused for a save that failed before it', async () => {
    const world = new World({ storeTimeout: 0.05 })
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    await world.request(async (context) => {
      const session = await context.session()
      session.data.n = 1
      world.store.before = (verb) => {
        if (verb === 'replace') throw new Error('down')
      }
      await expect(session.save()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await session.destroy()
      await session.authenticate('bob')
    })
    expect((await world.open().session()).owner).toBe('bob')
  })

  test('right after a save that nobody waited for is not lost', async () => {
    const world = await started()
    await world.request(async (context) => {
      const session = await context.session()
      session.data.n = 2
      void session.save()
      await session.authenticate('ann')
    })
    expect((await world.open().session()).owner).toBe('ann')
  })

  test.each([undefined, '', 7, 'a\uD800'])('refuses the owner %s', async (owner) => {
    const session = await new World().open().session()
    expect(() => session.authenticate(owner as string)).toThrow(TypeError)
  })

  test.each([null, 5, ['phone']])('refuses a label that is no string: %j', async (label) => {
    const session = await new World().open().session()
    expect(() => session.authenticate('ann', { label: label as never })).toThrow('`label`')
    expect(session.owner).toBeUndefined()
  })
})

describe('deadlines', () => {
  test('the idle one moves with every write and with no read', async () => {
    const world = await started()
    world.time += (DAY - 1) * 1000
    await world.request(async (context) => Object.assign((await context.session()).data, { n: 2 }))
    world.time += (DAY - 1) * 1000
    await world.request(async (context) => (await context.session()).data.n)
    expect((await world.open().session()).isNew).toBe(false)
    world.time += 1000
    expect((await world.open().session()).isNew).toBe(true)
  })

  test('the idle one counts from the save, however long the request took', async () => {
    const world = new World({ idleTimeout: 60 })
    await world.request(async (context) => {
      ;(await context.session()).data.first = true
      world.time += 61_000
    })
    await world.request(async (context) => {
      const session = await context.session()
      session.setExpiry(30)
      world.time += 31_000
      session.data.second = true
    })
    expect((await world.open().session()).data).toEqual({ first: true, second: true })
  })

  test('the idle one moves with every load when rolling, in the same command', async () => {
    const world = await started({ rolling: true })
    world.store.calls.length = 0
    for (let day = 0; day < 5; day++) {
      world.time += (DAY - 1) * 1000
      const session = await world.open().session()
      expect(session).toMatchObject({ isNew: false, expiresAt: world.time + DAY * 1000 })
    }
    expect(world.store.calls).toEqual(Array(5).fill('read'))
  })

  test('the idle one of a short-lived session moves in time, though `touchAfter` is longer', async () => {
    const world = await started({ rolling: true, touchAfter: 300 })
    await world.request(async (context) => (await context.session()).setExpiry(60))
    for (let use = 0; use < 10; use++) {
      world.time += 20_000
      await world.request(async (context) => expect((await context.session()).isNew).toBe(false))
    }
    // Every other use, and no more often.
    expect(world.store.calls.filter((verb) => verb === 'read')).toHaveLength(1 + 10 + 5)
    world.time += 60_000
    expect((await world.open().session()).isNew).toBe(true)
  })

  test('the absolute one ends a session that is used all the time, also by a client whose store still has it', async () => {
    const world = await started({ rolling: true })
    for (let day = 1; day < 30; day++) {
      world.time += DAY * 1000 - 1
      expect((await world.open().session()).isNew).toBe(false)
    }
    world.time += DAY * 1000
    expect((await world.open().session()).isNew).toBe(true)
  })

  test('the absolute one is checked at load, by the policy of today', async () => {
    const world = await started()
    world.time += 7200 * 1000
    const strict = world.another({ absoluteTimeout: 3600 })
    expect((await world.open(strict).session()).isNew).toBe(true)
    expect(world.eventsOf('expired')).toHaveLength(1)
  })

  test('the absolute one survives a rotation and restarts at a login', async () => {
    const world = await started()
    const absolute = async () => (await world.open().session()).absoluteExpiresAt
    const before = await absolute()
    world.time += 3600 * 1000
    await world.request(async (context) => (await context.session()).rotate())
    expect(await absolute()).toBe(before)
    await world.request(async (context) => (await context.session()).authenticate('ann'))
    expect(await absolute()).toBe(world.time + 30 * DAY * 1000)
  })

  test('there is no absolute one with absoluteTimeout: false', async () => {
    const world = await started({ absoluteTimeout: false })
    expect((await world.open().session()).absoluteExpiresAt).toBe(Number.POSITIVE_INFINITY)
  })

  test('the store learns the nearer of both', async () => {
    const world = new World({ idleTimeout: 60 * DAY })
    await world.request(async (context) => Object.assign((await context.session()).data, { n: 1 }))
    const [entry] = world.store.entries.values()
    expect(entry?.expiresAt).toBe(world.time + 30 * DAY * 1000)
  })

  test('touch moves the idle one at the end of the request', async () => {
    const world = await started()
    world.time += 1000
    await world.request(async (context) => {
      const session = await context.session()
      session.touch()
      expect(session.expiresAt).toBe(world.time + DAY * 1000)
    })
    const [entry] = world.store.entries.values()
    expect(entry?.expiresAt).toBe(world.time + DAY * 1000)
  })
})

describe('setExpiry', () => {
  const redate = (world: World, expiry: Expiry) => {
    const context = world.open()
    return context.session().then(async (session) => {
      session.setExpiry(expiry)
      const { expiresAt } = session
      await context.commit()
      return { expiresAt, setCookie: world.take(context) }
    })
  }

  test('takes seconds without use, and leaves the cookie alone', async () => {
    const world = await started()
    const { expiresAt, setCookie } = await redate(world, 60)
    expect(expiresAt).toBe(world.time + 60_000)
    expect(setCookie).toBeUndefined()
    world.time += 61_000
    expect((await world.open().session()).isNew).toBe(true)
  })

  test('takes a date, which the cookie gets too', async () => {
    const world = await started()
    const date = new Date(world.time + 3 * DAY * 1000)
    const { setCookie } = await redate(world, date)
    expect(setCookie).toContain(`Max-Age=${3 * DAY}`)
    const session = await world.open().session()
    expect(session).toMatchObject({
      expiry: date,
      expiresAt: date.getTime(),
      absoluteExpiresAt: date.getTime(),
    })
  })

  test("takes 'browser', for a cookie without a date", async () => {
    const world = await started()
    const { setCookie } = await redate(world, 'browser')
    expect(setCookie).not.toMatch(/Max-Age|Expires/)
    expect((await redate(world, 'browser')).setCookie).toBeUndefined()
    expect((await redate(world, undefined)).setCookie).toContain('Max-Age=')
  })

  test.each([0, -1, new Date(0)])(
    'to what is past (%s) ends the session and clears the cookie',
    async (expiry) => {
      const world = await started()
      const { setCookie } = await redate(world, expiry)
      expect(setCookie).toContain('Max-Age=0')
      expect(world.values).toEqual([])
    },
  )

  test('merges like a key: the other request keeps its own', async () => {
    const world = await started()
    const [dated, other] = [world.open(), world.open(world.another())]
    ;(await dated.session()).setExpiry(60)
    ;(await other.session()).data.m = 1
    await dated.commit()
    await other.commit()
    expect(await world.open().session()).toMatchObject({ expiry: 60, data: { n: 1, m: 1 } })
    expect(other.headers().setCookies[0]).toBeUndefined()
  })

  test('keeps a date as it was given, and lends nobody its own', async () => {
    const world = await started()
    const date = new Date(world.time + 60_000)
    await world.request(async (context) => {
      const session = await context.session()
      session.setExpiry(date)
      date.setTime(world.time + 90_000)
      ;(session.expiry as Date).setTime(world.time + 90_000)
    })
    expect((await world.open().session()).expiry).toEqual(new Date(world.time + 60_000))
  })

  test('while a save is on its way is not lost', async () => {
    const world = await started()
    await world.request(async (context) => {
      const session = await context.session()
      session.data.n = 2
      const saving = session.save()
      session.setExpiry(60)
      await saving
    })
    expect(await world.open().session()).toMatchObject({ expiry: 60, data: { n: 2 } })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 'soon', new Date(Number.NaN)])(
    'refuses %s',
    async (expiry) => {
      const session = await new World().open().session()
      expect(() => session.setExpiry(expiry as number)).toThrow(TypeError)
    },
  )
})

describe('encryption', () => {
  test('shows neither data nor owner in the store, and reads what it wrote', async () => {
    const world = await started({ encryption: { keys: ['k'.repeat(32)] } })
    await world.request(async (context) => {
      const session = await context.session()
      session.data.card = '4111'
      await session.authenticate('ann')
    })
    expect(world.values.join()).not.toMatch(/4111|ann/)
    expect(await world.open().session()).toMatchObject({ owner: 'ann', data: { n: 1, card: '4111' } })
  })

  test("does not open one session's value under another's key", async () => {
    const world = await started({ encryption: { keys: ['k'.repeat(32)] } })
    const first = world.cookie
    world.cookie = undefined
    await world.request(async (context) => Object.assign((await context.session()).data, { n: 2 }))
    const [a, b] = world.store.entries.values()
    if (a && b) a.value = b.value
    const session = await world.open(world.sessions, first).session()
    expect(() => session.data).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
  })
})
