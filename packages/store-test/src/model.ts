import fc from 'fast-check'
import type { ReadyFixture } from './store-fixture.ts'
import { bytes, markUntil, textOf, whole } from './values.ts'

const MINUTE = 60_000
const KEYS = ['a', 'b', 'c'] as const

/** What the contract says a store holds: the values alone, as no deadline of the model passes. */
export type Model = Map<string, string>

export const step = fc.record({
  verb: fc.constantFrom('read', 'create', 'replace', 'rotate', 'touch', 'destroy', 'end'),
  key: fc.constantFrom(...KEYS),
  to: fc.constantFrom(...KEYS),
  expects: fc.constantFrom('what is there', 'something else', undefined),
  marked: fc.boolean(),
  /** Made again, as its reply was lost. */
  twice: fc.boolean(),
})

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A step in its place: as from requests, no two write the same bytes. */
export interface Call {
  verb: Step['verb']
  key: string
  to: string
  value: string
  expected: string | undefined
  mark: string | undefined
}

export const callOf = ({ verb, key, to, expects, marked }: Step, model: Model, at: number): Call => ({
  verb,
  key,
  to,
  value: `V${at}`,
  expected: expects && (expects === 'what is there' ? (model.get(key) ?? 'nothing') : 'else'),
  mark: marked ? `ended:${at}` : undefined,
})

/** Makes the call under a prefix of its own. */
export async function perform(
  { store, after, now }: ReadyFixture,
  one: Call,
  prefix: string,
): Promise<unknown> {
  const { verb, value, expected, mark } = one
  const [key, to] = [prefix + one.key, prefix + one.to]
  const options = mark === undefined ? {} : { mark: markUntil(after(MINUTE), mark) }
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

/** What the contract lets a store answer (one of several, where it is a list), and does to what it holds. */
export function predict(model: Model, { verb, key, to, value, expected, mark }: Call): unknown {
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
      return predictRotate(model, { verb, key, to, value, expected, mark })
    case 'touch':
      return there !== undefined
    case 'end':
      model.delete(key)
      return there !== undefined
    case 'destroy':
      if (there === undefined) return false
      if (mark !== undefined && there.startsWith('ended:')) return there === mark
      if (mark !== undefined) model.set(key, mark)
      else model.delete(key)
      return true
  }
}

function predictRotate(model: Model, { key, to, value, expected, mark }: Call): unknown {
  const found = model.get(key)
  const there = mark !== undefined && found?.startsWith('ended:') ? undefined : found
  const isMoved = model.get(to) === value
  const isTaken = key === to || (model.has(to) && !isMoved)
  const isOther = expected !== undefined && there !== expected
  if (there === undefined || isOther) {
    const said = there === undefined ? 'gone' : `conflict ${there}`
    // Where neither key is as it should be, a store may tell of either.
    return isMoved ? 'replaced' : isTaken ? [said, 'taken'] : said
  }
  if (isTaken) return 'taken'
  model.set(to, value)
  if (mark !== undefined) model.set(key, mark)
  else model.delete(key)
  return 'replaced'
}

/** Outcomes and values as short texts. */
export function plain(answer: unknown): unknown {
  if (answer === null || typeof answer !== 'object') return answer
  if (!('outcome' in answer)) return textOf(answer)
  return answer.outcome === 'conflict' ? `conflict ${textOf(answer)}` : answer.outcome
}
