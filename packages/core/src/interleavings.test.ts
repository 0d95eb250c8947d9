import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SessionContext } from './context.ts'
import { World } from './testing.ts'

/** What a request does with the session it was handed. */
type Handler = (context: SessionContext, i: number) => Promise<unknown>

const handlers = {
  read: async (context) => (await context.session()).data.start,
  write: async (context, i) => Object.assign((await context.session()).data, { [`key${i}`]: i }),
  'nested write': async (context, i) => {
    const { data } = await context.session()
    data[`deep${i}`] = { list: [] }
    ;(data[`deep${i}`] as { list: number[] }).list.push(i)
  },
  count: async (context) =>
    (await context.session()).update((data) => Object.assign(data, { n: ((data.n as number) ?? 0) + 1 })),
  touch: async (context) => (await context.session()).touch(),
  date: async (context, i) => (await context.session()).setExpiry(3600 + i),
  rotate: async (context) => (await context.session()).rotate(),
  logout: async (context) => context.destroy(),
  'logout after reading': async (context) => (await context.session()).destroy(),
} satisfies Record<string, Handler>

type Kind = keyof typeof handlers

const writes: Kind[] = ['read', 'write', 'nested write', 'count', 'touch', 'date']
const interrupted = (error: { code?: string }) => {
  if (error.code !== 'SESSION_INTERRUPTED') throw error
}

/** Requests of two processes on one session, their store calls in an order that fast-check chooses. */
async function run(scheduler: fc.Scheduler, kinds: readonly Kind[], options = {}) {
  const world = new World(options)
  await world.request(async (context) => Object.assign((await context.session()).data, { start: true }))
  const { cookie } = world
  const processes = [world.sessions, world.another(options)]
  // Both ends of each call: what is there when it is carried out, and when its answer arrives.
  world.store.before = (verb) => scheduler.schedule(Promise.resolve(), verb)
  world.store.after = (verb) => scheduler.schedule(Promise.resolve(), `${verb} answered`)
  const requests = kinds.map(async (kind, i) => {
    const context = world.open(processes[i % 2], cookie)
    await (handlers[kind] as Handler)(context, i).catch(interrupted)
    await context.commit()
    return { kind, setCookie: context.headers().setCookies[0] }
  })
  await scheduler.waitFor(Promise.all(requests))
  world.store.before = () => {}
  world.store.after = () => {}
  return { world, responses: await Promise.all(requests) }
}

const some = (kinds: Kind[]) => fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 })
const RUNS = { numRuns: 1000 }

describe('whatever the order in which the store is reached', () => {
  test('nothing that any request wrote is lost, and counters are exact', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), some(writes), fc.boolean(), async (scheduler, kinds, rolling) => {
        const { world, responses } = await run(scheduler, kinds, { rolling })
        const session = await world.open().session()
        const expected: Record<string, unknown> = { start: true }
        kinds.forEach((kind, i) => {
          if (kind === 'write') expected[`key${i}`] = i
          if (kind === 'nested write') expected[`deep${i}`] = { list: [i] }
          if (kind === 'count') expected.n = ((expected.n as number) ?? 0) + 1
        })
        expect(session.data).toEqual(expected)
        expect(responses.every(({ setCookie }) => setCookie === undefined)).toBe(true)
      }),
      RUNS,
    )
  })

  test('a logout leaves nothing alive, and no other response touches the cookie', async () => {
    const ends = fc.constantFrom<Kind>('logout', 'logout after reading')
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        some(writes),
        ends,
        fc.boolean(),
        async (scheduler, kinds, end, rolling) => {
          const { world, responses } = await run(scheduler, [...kinds, end], { rolling })
          expect(world.values).toEqual([])
          for (const { kind, setCookie } of responses) {
            if (kind === end) expect(setCookie).toContain('Max-Age=0')
            else expect(setCookie).toBeUndefined()
          }
        },
      ),
      RUNS,
    )
  })

  test('a rotation leaves one session alive, under the id that its response handed out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), some(writes), fc.boolean(), async (scheduler, kinds, rolling) => {
        const { world, responses } = await run(scheduler, [...kinds, 'rotate'], { rolling })
        const cookies = responses.map(({ setCookie }) => setCookie).filter((header) => header !== undefined)
        expect(cookies).toHaveLength(1)
        expect(world.values).toHaveLength(1)
        world.cookie = cookies[0]?.split(';')[0]
        expect((await world.open().session()).data.start).toBe(true)
      }),
      RUNS,
    )
  })

  test('logouts and rotations together leave at most one session alive', async () => {
    const kinds = fc.array(
      fc.constantFrom<Kind>('logout', 'logout after reading', 'rotate', 'write', 'count'),
      {
        minLength: 2,
        maxLength: 6,
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), kinds, async (scheduler, kinds) => {
        const { world, responses } = await run(scheduler, kinds)
        const handedOut = responses.filter(({ setCookie }) => setCookie && !setCookie.includes('Max-Age=0'))
        expect(handedOut.length).toBeLessThanOrEqual(1)
        expect(world.values.length).toBeLessThanOrEqual(1)
        if (kinds.some((kind) => kind.startsWith('logout')) && handedOut.length === 0)
          expect(world.values).toEqual([])
      }),
      RUNS,
    )
  })
})
