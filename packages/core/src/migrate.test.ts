import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes.ts'
import type { SessionContext } from './context.ts'
import { SessionValueError, StoreUnavailableError } from './errors.ts'
import type { SessionFormat } from './format.ts'
import { parseData } from './json.ts'
import { migrate } from './migrate.ts'
import { nativeFormat } from './native-format.ts'
import { World } from './testing.ts'

/** Another library's: `old:<id>` → JSON with the idle seconds in `_idle`. */
const old: SessionFormat = {
  ...nativeFormat(),
  name: 'old',
  prefix: 'old:',
  isId: (text) => /^[a-z]{3,40}$/.test(text),
  keyOf: (id) => `old:${id}`,
  encode: () => new Uint8Array(),
  decode(value) {
    const { _idle, ...data } = parseData(fromUtf8(value))
    if (typeof _idle !== 'number') throw new SessionValueError('No idle time.')
    const unknown = Number.POSITIVE_INFINITY
    const header = { createdAt: unknown, writtenAt: unknown, idle: _idle, until: unknown, expiry: _idle }
    return { header, serialized: JSON.stringify(data) }
  },
  expected: (value) => ({ whole: value }),
}
Reflect.deleteProperty(old, 'slideFields')
Reflect.deleteProperty(old, 'endMark')
Reflect.deleteProperty(old, 'withCipher')

const id = 'theoldid'
const oldKey = old.keyOf(id)
const newKey = nativeFormat().keyOf(id)

/** A world in which a browser still has a session of the old kind. */
function worldOf(data: object = { start: true }, options = {}) {
  const world = new World({ ...migrate({ from: { format: old } }), ...options })
  put(world, { _idle: 100, ...data })
  world.cookie = `sid=${id}`
  return world
}
const put = (world: World, value: object) =>
  world.store.entries.set(oldKey, {
    value: utf8(JSON.stringify(value)),
    expiresAt: world.time + 100_000,
  })
const living = (world: World) =>
  [...world.store.entries]
    .filter(([, { value }]) => !fromUtf8(value).startsWith('["ended'))
    .map(([key]) => key)

describe('migrate()', () => {
  test('moves a session at its first use, under its id, with no new cookie', async () => {
    const world = worldOf({ user: 'ada' })
    const setCookie = await world.request(async (context) => {
      const session = await context.session()
      expect(session.data).toEqual({ user: 'ada' })
      expect(session).toMatchObject({ id, isNew: false, expiry: 100, createdAt: world.time })
      return context
    })
    expect(setCookie.headers().setCookies).toEqual([])
    expect(living(world)).toEqual([newKey])
    expect(world.eventsOf('moved')).toMatchObject([{ from: 'old' }])
  })

  test('asks for three commands at the first use, one from then on, and three where there is nothing', async () => {
    const world = worldOf()
    const commands = async (cookie: string | undefined) => {
      world.store.calls.length = 0
      await world.open(world.sessions, cookie).session()
      return [...world.store.calls]
    }
    expect(await commands(world.cookie)).toEqual(['read', 'read', 'rotate'])
    expect(await commands(world.cookie)).toEqual(['read'])
    expect(await commands('sid=never')).toEqual(['read', 'read', 'read'])
    expect(await commands('')).toEqual([])
    expect(await commands(`sid=${'A'.repeat(32)}`)).toEqual(['read'])
  })

  test.each([100, 99.999])(
    'sets a cookie that slides in the response of the request that moves it, which idles %d s',
    async (idle) => {
      const world = worldOf({ _idle: idle }, { rolling: true, cookie: { deadline: 'idle' } })
      const context = await world.request(async (context) => {
        await context.session()
        return context
      })
      expect(context.headers().setCookies).toEqual([expect.stringContaining('Max-Age=100;')])
    },
  )

  test('counts the absolute deadline from the move on, and keeps the idle time', async () => {
    const world = worldOf({}, { absoluteTimeout: 150 })
    await world.request((context) => context.session())
    world.time += 99_000
    await world.request(async (context) => Object.assign((await context.session()).data, { a: 1 }))
    world.time += 52_000
    expect((await world.open().session()).isNew).toBe(true)
  })

  test.each<[string, (context: SessionContext) => Promise<unknown>]>([
    ['before it was read', (context) => context.destroy()],
    ['after it was read', async (context) => (await context.session()).destroy()],
  ])(
    'a logout %s ends the session under both keys, for whatever request holds its cookie',
    async (_, logout) => {
      const world = worldOf()
      const { cookie } = world
      await world.request(logout)
      expect(world.cookie).toBeUndefined()
      expect(living(world)).toEqual([])
      const late = world.open(world.sessions, cookie)
      Object.assign((await late.session()).data, { a: 1 })
      await late.commit()
      expect(late.headers().setCookies).toEqual([])
      expect(living(world)).toEqual([])
    },
  )

  test('a logout whose first reply is lost bars its id as any other', async () => {
    const world = worldOf({}, { storeTimeout: 2 })
    world.store.after = (verb) => {
      if (verb !== 'destroy') return
      world.store.after = () => {}
      throw new Error('read ECONNRESET')
    }
    await world.open().destroy()
    expect(living(world)).toEqual([])
    expect([...world.store.entries.keys()]).toEqual([newKey])
  })

  test('a rotation and a logout remove what an old server has brought back to the old key', async () => {
    for (const end of ['rotate', 'destroy'] as const) {
      const world = worldOf()
      await world.request((context) => context.session())
      put(world, { _idle: 100, stale: true })
      await world.request(async (context) => (await context.session())[end]())
      expect(living(world)).not.toContain(oldKey)
      world.time += 61_000
      expect((await world.open(world.sessions, `sid=${id}`).session()).isNew).toBe(true)
    }
  })

  describe('where the store refuses a step that follows on one which was applied', () => {
    const refused = () => {
      throw new StoreUnavailableError('CLUSTERDOWN')
    }
    /** Refuses what is asked of it once `after` has been done, for so many times. */
    function refuse(world: World, after: string, times: number) {
      let isAsked = false
      let left = times
      world.store.before = () => (isAsked && left-- > 0 ? refused() : undefined)
      world.store.after = (verb) => {
        isAsked ||= verb === after
      }
    }
    const steps: [string, string, (context: SessionContext) => Promise<unknown>][] = [
      ['rotation', 'rotate', async (context) => (await context.session()).rotate()],
      ['login', 'rotate', async (context) => (await context.session()).authenticate('ada')],
      ['logout', 'destroy', (context) => context.destroy()],
    ]

    test.each(steps)('a %s is made whole within its time', async (_, verb, work) => {
      const world = worldOf({}, { storeTimeout: 2 })
      await world.request((context) => context.session())
      put(world, { _idle: 100, stale: true })
      const context = world.open()
      await context.session()
      refuse(world, verb, 2)
      await work(context)
      await context.commit()
      world.store.before = () => {}
      const change = context.idChange()
      expect(change?.type).toBe(verb === 'rotate' ? 'set' : 'clear')
      const { isNew } = await world
        .open(world.sessions, change?.type === 'set' ? `sid=${change.id}` : '')
        .session()
      expect(isNew).toBe(verb === 'destroy')
      expect(living(world)).toHaveLength(verb === 'rotate' ? 1 : 0)
    })

    test.each(steps)('nobody is told that nothing was done of a %s', async (_, verb, work) => {
      const world = worldOf({}, { storeTimeout: 0.1 })
      await world.request((context) => context.session())
      put(world, { _idle: 100, stale: true })
      const context = world.open()
      await context.session()
      refuse(world, verb, Number.POSITIVE_INFINITY)
      const done = async () => {
        await work(context)
        await context.commit()
      }
      await expect(done()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'unknown' })
    })
  })

  test('what an old server writes after the move is not seen', async () => {
    const world = worldOf()
    await world.request(async (context) => Object.assign((await context.session()).data, { mine: 1 }))
    put(world, { _idle: 100, theirs: 1 })
    expect((await world.open().session()).data).toEqual({ start: true, mine: 1 })
  })

  test('a write of an old server during the move is not lost', async () => {
    const world = worldOf()
    let hasWritten = false
    world.store.before = (verb) => {
      if (verb !== 'rotate' || hasWritten) return
      hasWritten = true
      put(world, { _idle: 100, theirs: 1 })
    }
    expect((await world.open().session()).data).toEqual({ theirs: 1 })
    expect(living(world)).toEqual([newKey])
  })

  test('a value that cannot be moved stays as it is; a login starts beside it and ends it', async () => {
    const world = worldOf()
    put(world, { broken: true })
    const before = world.store.entries.get(oldKey)
    await world.request(async (context) => {
      const session = await context.session()
      expect(() => session.data).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    })
    expect(world.store.entries.get(oldKey)).toBe(before)
    await world.request(async (context) => (await context.session()).authenticate('ada'))
    expect(living(world)).toHaveLength(1)
    expect((await world.open().session()).owner).toBe('ada')
  })

  test('reads both cookies, prefers the new one, and takes the old one back when it hands the new one out', async () => {
    const options = migrate({ from: { format: old, cookie: { name: 'connect.sid' } } })
    const world = new World(options)
    put(world, { _idle: 100, start: true })
    world.cookie = `connect.sid=${id}`
    const context = await world.request(async (context) => {
      const session = await context.session()
      expect(session.data.start).toBe(true)
      await session.rotate()
      return context
    })
    const { setCookies } = context.headers()
    expect(setCookies).toHaveLength(2)
    expect(setCookies[0]).toMatch(/^connect\.sid=;.*Max-Age=0/)
    const fresh = setCookies[1]?.split(';')[0]
    const both = world.open(world.sessions, `connect.sid=${id}; ${fresh}`)
    expect((await both.session()).data.start).toBe(true)
  })

  test('a new cookie that names nothing hides no old one: its session is found, and a logout ends it', async () => {
    for (const isRead of [true, false]) {
      const world = new World(migrate({ from: { format: old, cookie: { name: 'connect.sid' } } }))
      put(world, { _idle: 100, start: true })
      world.cookie = `sid=${'A'.repeat(32)}; connect.sid=${id}`
      const context = world.open()
      if (isRead) expect((await context.session()).data.start).toBe(true)
      expect(await context.destroy()).toBe(true)
      expect(context.headers().setCookies).toHaveLength(2)
      expect(living(world)).toEqual([])
    }
  })

  test('needs two formats under different keys', () => {
    expect(() => migrate({ from: { format: nativeFormat() } })).toThrow(TypeError)
    for (const none of [undefined, {}, { from: {} }]) {
      expect(() => migrate(none as never)).toThrow('The option `from.format` of migrate() must')
    }
  })

  test('takes nothing from a format that can only be read', () => {
    expect(() => migrate({ from: { format: { ...old, isReadOnly: true } } })).toThrow(TypeError)
  })

  test('keeps what it moves encrypted where the options ask for it', async () => {
    const world = worldOf({ secret: 'plain' }, { encryption: { keys: ['k'.repeat(32)] } })
    await world.request(async (context) => {
      expect((await context.session()).data).toEqual({ secret: 'plain' })
    })
    expect(world.values.join()).not.toContain('plain')
  })
})

describe('migrate() from sessions that are stored encrypted', () => {
  const encryption = { keys: ['o'.repeat(32)] }
  const from = nativeFormat({ prefix: 'from:' })

  test.each<[string, object]>([
    ['with the same keys', { encryption }],
    ['with other keys', { encryption: { keys: ['n'.repeat(32)] } }],
    ['without', {}],
  ])('reads them by `from.encryption`, and stores what it moves %s', async (_, options) => {
    const world = new World({ format: from, encryption })
    await world.request(async (context) => Object.assign((await context.session()).data, { secret: 'plain' }))
    const sessions = world.another({ ...migrate({ from: { format: from, encryption } }), ...options })
    for (let use = 0; use < 2; use++) {
      expect((await world.open(sessions).session()).data).toEqual({ secret: 'plain' })
    }
    expect(world.eventsOf('moved')).toHaveLength(1)
    expect(world.values.join().includes('plain')).toBe(!('encryption' in options))
  })

  test('refuses it for a format that stores nothing encrypted, and keys that are none', () => {
    expect(() => migrate({ from: { format: old, encryption } })).toThrow('`from.encryption`')
    expect(() => migrate({ from: { format: from, encryption: { keys: [] } } })).toThrow(TypeError)
  })
})

type Handler = (context: SessionContext, i: number) => Promise<unknown>
const handlers = {
  read: async (context) => (await context.session()).data.start,
  write: async (context, i) => Object.assign((await context.session()).data, { [`key${i}`]: i }),
  rotate: async (context) => (await context.session()).rotate(),
  logout: async (context) => context.destroy(),
  'logout after reading': async (context) => (await context.session()).destroy(),
} satisfies Record<string, Handler>
type Kind = keyof typeof handlers

async function run(scheduler: fc.Scheduler, kinds: readonly Kind[], inSteps = false) {
  const world = worldOf()
  world.store.inSteps = inSteps
  const other = world.another(migrate({ from: { format: old } }))
  world.store.before = (verb) => scheduler.schedule(Promise.resolve(), verb)
  world.store.after = (verb) => scheduler.schedule(Promise.resolve(), `${verb} answered`)
  const requests = kinds.map(async (kind, i) => {
    const context = world.open(i % 2 ? other : world.sessions, world.cookie)
    await (handlers[kind] as Handler)(context, i).catch((error: { code?: string }) => {
      if (error.code !== 'SESSION_INTERRUPTED') throw error
    })
    await context.commit()
    return { kind, setCookie: context.headers().setCookies[0] }
  })
  await scheduler.waitFor(Promise.all(requests))
  world.store.before = () => {}
  world.store.after = () => {}
  return { world, responses: await Promise.all(requests) }
}

const some = (...kinds: Kind[]) => fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 })
const RUNS = { numRuns: 500 }

describe.each([
  ['in one step', false],
  ['in two, as between two slots', true],
])('while a session is moved %s, whatever the order in which the store is reached', (_, inSteps) => {
  test('it is moved once, and no write is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), some('read', 'write'), async (scheduler, kinds) => {
        const { world, responses } = await run(scheduler, kinds, inSteps)
        expect(living(world)).toEqual([newKey])
        expect(world.eventsOf('moved')).toHaveLength(1)
        const expected = Object.fromEntries(
          kinds.flatMap((kind, i) => (kind === 'write' ? [[`key${i}`, i]] : [])),
        )
        expect((await world.open().session()).data).toEqual({ start: true, ...expected })
        expect(responses.every(({ setCookie }) => setCookie === undefined)).toBe(true)
      }),
      RUNS,
    )
  })

  test('a logout leaves nothing alive under either key', async () => {
    const ends = fc.constantFrom<Kind>('logout', 'logout after reading')
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        some('read', 'write', 'logout'),
        ends,
        async (scheduler, kinds, end) => {
          const { world } = await run(scheduler, [...kinds, end], inSteps)
          const ofThisId = living(world).filter((key) => key === oldKey || key === newKey)
          expect(ofThisId).toEqual([])
        },
      ),
      RUNS,
    )
  })

  test('a rotation leaves one session alive, under the id that its response handed out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), some('read', 'write'), async (scheduler, kinds) => {
        const { world, responses } = await run(scheduler, [...kinds, 'rotate'], inSteps)
        const cookies = responses.map(({ setCookie }) => setCookie).filter((header) => header !== undefined)
        expect(cookies).toHaveLength(1)
        expect(living(world)).toHaveLength(1)
        world.cookie = cookies[0]?.split(';')[0]
        expect((await world.open().session()).data.start).toBe(true)
      }),
      RUNS,
    )
  })
})
