import fc from 'fast-check'
import { expect, test } from 'vitest'
import { same } from '../../../core/src/same.ts'
import { dumps, loads, PyDecimal, PyFloat, PyFrozenSet, PyTimeDelta, PyTuple, PyUUID } from '../pickle.ts'

const beyond = (n: bigint) => (n >= 0n ? n + 2n ** 53n : n - 2n ** 53n)

const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.maxSafeInteger(),
  fc.double().filter((n) => !Number.isSafeInteger(n) || Object.is(n, -0)),
  fc.maxSafeInteger().map((n) => new PyFloat(n)),
  fc.bigInt().map(beyond),
  fc.string({ unit: 'grapheme' }),
  // Lone surrogates.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.uint8Array(),
  fc.uuid().map((uuid) => new PyUUID(uuid)),
  fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_998 }), fc.nat(86_399))
    .map(([d, s]) => new PyTimeDelta(d, s)),
  fc.double({ noNaN: true }).map((n) => new PyDecimal(String(n))),
)

/** One key by any comparison, so that no two of them are one in Python. */
const key = fc.oneof(
  fc.string(),
  fc.integer().map((n) => new PyTuple<unknown>('k', n)),
)

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value')),
    fc.array(tie('value')).map((items) => PyTuple.from(items)),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { selector: ([k]) => JSON.stringify(k), minLength: 1 })
      .map((entries) => new Map<unknown, unknown>([...entries, [0, 'not a string']])),
    fc.uniqueArray(fc.string()).map((items) => new Set(items)),
    fc.uniqueArray(fc.string()).map((items) => new PyFrozenSet(items)),
  ),
}))

test('what JavaScript writes it reads again, equal in value and type', () => {
  fc.assert(
    fc.property(value, (written) => {
      expect(same(loads(dumps(written)), written)).toBe(true)
    }),
    { numRuns: 5000, seed: 20_261_124 },
  )
})
