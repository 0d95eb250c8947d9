import { expect, test } from 'vitest'
import { same } from '../../../core/src/same.ts'
import { dumps, loads, PickleError } from '../pickle.ts'
import { djangoPickles, pickleOf, pythonPickles } from '../testing/fixtures.ts'
import { areUntouched, prototypes } from '../testing/prototypes.ts'
import { seededRandom } from '../testing/random.ts'

/** A million with `PICKLE_MUTANTS=1000000`: a few minutes. */
const COUNT = Number(process.env.PICKLE_MUTANTS ?? 100_000)
const SEED = Number(process.env.PICKLE_SEED ?? 20_261_124)
/** What a pickle of a few hundred bytes never takes; the machine may be busy, so the fastest of five tries counts. */
const HANG_MS = 50

const seeds = [
  ...djangoPickles.map(pickleOf),
  ...Object.values(pythonPickles).flatMap((vector) =>
    Object.values(vector).map((pickle) => new Uint8Array(Buffer.from(pickle, 'base64'))),
  ),
].filter(({ length }) => length > 0 && length < 2000)

/** The bytes that mean something to the machine come up more often than chance would have it. */
const opcodes = [...'.(012FIJKLMNPQRSTUVXabcdegjhilopqrstu)}]BCG'].map((letter) => letter.charCodeAt(0))
const interesting = [...opcodes, ...Array.from({ length: 25 }, (_, i) => 0x80 + i), 0, 1, 2, 0x7f, 0xff]

function mutate(random: () => number): Uint8Array {
  const below = (n: number) => Math.floor(random() * n)
  const pick = <T>(items: readonly T[]) => items[below(items.length)] as T
  let bytes = [...pick(seeds)]
  for (let rounds = 1 + below(4); rounds > 0; rounds--) {
    const at = below(bytes.length)
    const other = [...pick(seeds)]
    const from = below(other.length)
    const mutations = [
      () => (bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))),
      () => (bytes[at] = pick(interesting)),
      () => (bytes[at] = below(256)),
      () => bytes.splice(at, 1 + below(4)),
      () => bytes.splice(at, 0, pick(interesting)),
      () => bytes.splice(at, 0, pick(interesting), below(4)),
      () => bytes.splice(at, 0, ...bytes.slice(at, at + below(20))),
      () => bytes.splice(at, below(20), ...other.slice(from, from + below(40))),
      () => (bytes = bytes.slice(0, at + 1)),
      () => (bytes = [...bytes.slice(0, at), ...other.slice(from)]),
    ]
    pick(mutations)()
  }
  return Uint8Array.from(bytes)
}

function tryLoads(bytes: Uint8Array): { value: unknown } | { error: unknown } {
  try {
    return { value: loads(bytes, { classes: 'django' }) }
  } catch (error) {
    return { error }
  }
}

function fastestOf(tries: number, run: () => void): number {
  const times = Array.from({ length: tries }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return Math.min(...times)
}

test(`${COUNT} mutated pickles are read, or refused by a typed error, at once and without a trace`, () => {
  const random = seededRandom(SEED)
  const before = prototypes()
  const codes = new Map<string, number>()
  for (let i = 0; i < COUNT; i++) {
    const bytes = mutate(random)
    const hex = () => `number ${i}: ${Buffer.from(bytes).toString('hex')}`
    const start = performance.now()
    const result = tryLoads(bytes)
    if (performance.now() - start > HANG_MS)
      expect(
        fastestOf(5, () => tryLoads(bytes)),
        hex(),
      ).toBeLessThan(HANG_MS)
    if ('error' in result && !(result.error instanceof PickleError))
      throw new Error(hex(), { cause: result.error })
    const code = 'error' in result ? (result.error as PickleError).code : 'read'
    codes.set(code, (codes.get(code) ?? 0) + 1)
    if ('value' in result) {
      const again = loads(dumps(result.value), { classes: 'django' })
      if (!same(result.value, again)) expect.fail(hex())
    }
  }
  expect(areUntouched(before)).toBe(true)
  // The mutants reach every outcome, so none of the above is vacuous.
  expect([...codes.keys()].sort()).toEqual([
    'PICKLE_CYCLE',
    'PICKLE_INVALID',
    'PICKLE_LIMIT',
    'PICKLE_REFUSED',
    'read',
  ])
}, 900_000)
