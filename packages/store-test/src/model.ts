import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import type { Contract, ReadyFixture } from './store-fixture.ts'
import { bytes, markUntil, textOf, whole } from './values.ts'

const MINUTE = 60_000
const KEYS = ['a', 'b', 'c'] as const
const VALUES = ['V1', 'V2', 'V3'] as const

/** What the contract says a store holds: the values alone, as no deadline of the model passes. */
type Model = Map<string, string>

interface Step {
  verb: 'read' | 'create' | 'replace' | 'rotate' | 'touch' | 'destroy' | 'end'
  key: string
  to: string
  value: string
  expected: string | undefined
  marked: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom('read', 'create', 'replace', 'rotate', 'touch', 'destroy', 'end'),
  key: fc.constantFrom(...KEYS),
  to: fc.constantFrom(...KEYS),
  value: fc.constantFrom(...VALUES),
  expected: fc.option(fc.constantFrom(...VALUES), { nil: undefined }),
  marked: fc.boolean(),
})

/** Random histories, each answer compared with what the sentences of the contract say. */
export function testAgainstModel(contract: Contract, runs: number): void {
  contract('any history of verbs answers as the contract says', async (fixture) => {
    let history = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const model: Model = new Map()
        const prefix = `${history++}:`
        for (const one of steps) {
          const said = predict(model, one)
          assert.deepEqual(plain(await perform(fixture, one, prefix)), said, JSON.stringify(one))
        }
      }),
      { numRuns: runs },
    )
  })
}

async function perform({ store, after, now }: ReadyFixture, one: Step, prefix: string): Promise<unknown> {
  const { verb, value, expected, marked } = one
  const [key, to] = [prefix + one.key, prefix + one.to]
  const options = marked ? { mark: markUntil(after(MINUTE)) } : {}
  switch (verb) {
    case 'read':
      return store.read(key)
    case 'create':
      return store.create(key, bytes(value), after(MINUTE))
    case 'replace':
      return store.replace(
        key,
        bytes(value),
        after(MINUTE),
        expected === undefined ? undefined : whole(expected),
      )
    case 'rotate':
      return store.rotate(
        key,
        to,
        bytes(value),
        after(MINUTE),
        expected === undefined ? undefined : whole(expected),
        options,
      )
    case 'touch':
      return store.touch(key, after(MINUTE))
    case 'destroy':
      return store.destroy(key, options)
    case 'end':
      return store.touch(key, now())
  }
}

function predict(model: Model, { verb, key, to, value, expected, marked }: Step): unknown {
  const there = model.get(key)
  switch (verb) {
    case 'read':
      return there ?? null
    case 'create':
      if (there === undefined) model.set(key, value)
      return there === undefined || there === value
    case 'replace':
      if (there === undefined) return 'gone'
      if (expected !== undefined && there !== expected)
        return there === value ? 'replaced' : `conflict ${there}`
      model.set(key, value)
      return 'replaced'
    case 'rotate':
      return predictRotate(model, { verb, key, to, value, expected, marked })
    case 'touch':
      return there !== undefined
    case 'end':
      model.delete(key)
      return there !== undefined
    case 'destroy':
      if (there === undefined) return false
      if (marked && there.startsWith('ended:')) return true
      if (marked) model.set(key, 'ended:1')
      else model.delete(key)
      return true
  }
}

function predictRotate(model: Model, { key, to, value, expected, marked }: Step): unknown {
  const found = model.get(key)
  const there = marked && found?.startsWith('ended:') ? undefined : found
  const isMoved = model.get(to) === value
  if (there === undefined) return isMoved ? 'replaced' : 'gone'
  if (expected !== undefined && there !== expected) return isMoved ? 'replaced' : `conflict ${there}`
  if (key === to || (model.has(to) && !isMoved)) return 'taken'
  model.set(to, value)
  if (marked) model.set(key, 'ended:1')
  else model.delete(key)
  return 'replaced'
}

/** Outcomes and values as short texts. */
function plain(answer: unknown): unknown {
  if (answer === null || typeof answer !== 'object') return answer
  if (!('outcome' in answer)) return textOf(answer)
  return answer.outcome === 'conflict' ? `conflict ${textOf(answer)}` : answer.outcome
}
