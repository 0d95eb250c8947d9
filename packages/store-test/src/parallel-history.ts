import type { SessionStore, StoreUnavailableError } from '@tegata/core'
import fc from 'fast-check'
import type { Observed } from './linearizable.ts'
import { type Call, perform, plain } from './model.ts'
import type { ReadyFixture } from './store-fixture.ts'

const CLIENTS = 4

/** Those more often that have to be one step, and are easily made in two. */
const VERBS = [
  'replace',
  'replace',
  'replace',
  'rotate',
  'create',
  'read',
  'touch',
  'destroy',
  'end',
] as const

const step = fc.record({
  verb: fc.constantFrom(...VERBS),
  key: fc.constantFrom('a', 'a', 'b'),
  expects: fc.constantFrom('what it knows', 'what it knows', 'what it knows', 'something else', undefined),
  marked: fc.boolean(),
  /** Milliseconds before the step. */
  pause: fc.integer({ min: 0, max: 4 }),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What several clients do at the same time, each one step after another. */
export const programs = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), {
  minLength: 3,
  maxLength: CLIENTS,
})

const settled = (pause: number) => new Promise<void>((resolve) => setTimeout(resolve, pause))

/**
 * Runs programs in parallel, each on a store of its own, and answers the history of each key: with the new keys that it is moved to,
 * which only their makers know, it has nothing in common with any other. Then every key is read once more.
 */
export async function parallelHistories(
  fixture: ReadyFixture,
  all: readonly (readonly Step[])[],
  prefix: string,
  { withPauses = false } = {},
): Promise<Observed[][]> {
  const histories: Record<Step['key'], Observed[]> = { a: [], b: [] }
  let time = 0

  async function make(store: SessionStore, origin: Step['key'], call: Call): Promise<unknown> {
    const observed = {
      call,
      startedAt: time++,
      endedAt: Number.POSITIVE_INFINITY,
      answer: undefined as unknown,
    }
    try {
      observed.answer = plain(await perform({ ...fixture, store }, call, prefix))
      observed.endedAt = time++
    } catch (error) {
      const { code, outcome } = error as StoreUnavailableError
      if (code !== 'STORE_UNAVAILABLE') throw error
      // Surely not applied: as if it had never been made.
      if (outcome === 'not-applied') return undefined
    }
    histories[origin].push(observed)
    return observed.answer
  }

  const look = { to: '', expected: undefined, mark: undefined }
  // What all of them know at first, so that several want to change the same.
  for (const key of ['a', 'b'] as const) {
    await make(fixture.store, key, { ...look, verb: 'create', key, value: 'V' })
  }
  await Promise.all(
    all.map(async (steps, client) => {
      const store = client === 0 ? fixture.store : await fixture.another()
      const known: Record<Step['key'], string> = { a: 'V', b: 'V' }
      for (const [at, { verb, key, expects, marked, pause }] of steps.entries()) {
        if (withPauses) await settled(pause)
        const name = `${client}.${at}`
        const call: Call = {
          verb,
          key,
          to: `${key}>${name}`,
          value: `V${name}`,
          expected: expects && (expects === 'what it knows' ? known[key] : 'else'),
          mark: marked ? `ended:${name}` : undefined,
        }
        const answer = await make(store, key, call)
        if (verb === 'read' && typeof answer === 'string') known[key] = answer
        if (answer === 'replaced' || (verb === 'create' && answer === true)) known[key] = call.value
        if (verb === 'rotate' && answer === 'replaced') {
          await make(store, key, { ...call, verb: 'read', key: call.to })
        }
      }
    }),
  )
  const reader = await fixture.another()
  for (const key of ['a', 'b'] as const) {
    await make(reader, key, { ...look, verb: 'read', key, value: '' })
  }
  return Object.values(histories)
}
