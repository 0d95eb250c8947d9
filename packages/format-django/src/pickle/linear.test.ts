import { describe, expect, test } from 'vitest'
import { dumps, loads, PickleError } from '../pickle.ts'
import { assemble, str, u32 } from '../testing/assemble.ts'
import { countSteps } from '../testing/count-steps.ts'

const repeat = (count: number, part: (i: number) => Uint8Array) =>
  assemble(...Array.from({ length: count }, (_, i) => part(i)))

/** Hostile pickles whose length grows with `n`; whether they are read or refused, nothing may grow faster. */
const families: Record<string, (n: number) => Uint8Array> = {
  'one dict, filled key by key': (n) =>
    assemble(
      '}',
      repeat(n, (i) => assemble(str(`k${i}`), 'K\x01s')),
      '.',
    ),
  'keys that JavaScript moves': (n) =>
    assemble(
      '}',
      repeat(n, (i) => assemble(str(`${n - i}`), 'K\x01s')),
      '.',
    ),
  'a dict that becomes a Map at its last key': (n) =>
    assemble(
      '}',
      repeat(n, (i) => assemble(str(`k${i}`), 'K\x01s')),
      'NNs.',
    ),
  'one list, filled item by item': (n) =>
    assemble(
      ']',
      repeat(n, () => assemble('Na')),
      '.',
    ),
  'marks without items': (n) =>
    assemble(
      ']',
      repeat(n, () => assemble('(e')),
      '.',
    ),
  'a set of equal members': (n) =>
    assemble(
      0x8f,
      '(',
      repeat(n, () => assemble('K\x01', 0x88)),
      0x90,
      '.',
    ),
  'a long tuple as the key of many dicts': (n) =>
    assemble(
      '](',
      repeat(n, () => assemble('N')),
      't',
      0x94,
      '0',
      repeat(n, () => assemble('}h\0Nsa')),
      '.',
    ),
  'a long frozenset as a member of many sets': (n) =>
    assemble(
      '](',
      repeat(n, (i) => str(`m${i}`)),
      0x91,
      0x94,
      '0',
      repeat(n, () => assemble(0x8f, '(h\0', 0x90, 'a')),
      '.',
    ),
  'lists that hold the one before twice': (n) =>
    assemble(
      ']',
      0x94,
      '0',
      repeat(Math.min(n, 250), (i) => assemble('](h', i, 'h', i, 'e', 0x94, '0')),
      'h\x05.',
    ),
  'a list of references to a long list': (n) =>
    assemble(
      ']',
      0x94,
      repeat(n, () => assemble('Na')),
      '0](',
      repeat(n, () => assemble('h\0')),
      'e.',
    ),
  'tuples in tuples': (n) =>
    assemble(
      ')',
      repeat(n, () => assemble(0x85)),
      '.',
    ),
  'lists in lists': (n) =>
    assemble(
      repeat(n, () => assemble(']')),
      repeat(n - 1, () => assemble('a')),
      '.',
    ),
  'numbers of the memo far apart': (n) =>
    assemble(
      repeat(n, (i) => assemble('Nr', u32(i * 97), '0')),
      'N.',
    ),
  'lines of protocol 0': (n) =>
    assemble(
      '(',
      repeat(n, (i) => assemble(`V\\u00e9${i}\nI${i}\n`)),
      'l.',
    ),
  'a text of escapes': (n) =>
    assemble(
      'V',
      repeat(n, () => assemble('\\ud83c\\udf89')),
      '\n.',
    ),
  'backslashes in a quoted text': (n) =>
    assemble(
      "S'",
      repeat(n, () => assemble('\\')),
      'x\n.',
    ),
  'digits of a Decimal': (n) =>
    assemble(
      'cdecimal\nDecimal\n(X',
      u32(n + 1),
      repeat(n, () => assemble('1')),
      'xtR.',
    ),
}

/** Steps, and one for each byte: an opcode that calls nothing counts, too. */
function stepsOf(bytes: Uint8Array): number {
  return (
    bytes.length +
    countSteps(() => {
      try {
        loads(bytes)
      } catch (error) {
        if (!(error instanceof PickleError)) throw error
      }
    })
  )
}

describe('the steps of loads grow as the pickle does', () => {
  test.each(Object.entries(families))('%s', (_, family) => {
    const [small, large] = [family(500), family(4000)]
    const growth = stepsOf(large) / stepsOf(small)
    expect(growth).toBeLessThan(1.5 * Math.max(1, large.length / small.length))
  })

  test('a nested key that doubles at each level', () => {
    const laughs = (levels: number) =>
      assemble(
        'N',
        0x94,
        repeat(levels, (i) => assemble('0h', i, 'h', i, 0x86, 0x94)),
        '0}h',
        levels,
        'Ns.',
      )
    expect(stepsOf(laughs(80)) / stepsOf(laughs(20))).toBeLessThan(6)
  })
})

test('the steps of dumps grow with the values, not with the ways to them', () => {
  const laughs = (levels: number) => {
    let value: unknown[] = []
    for (let i = 0; i < levels; i++) value = [value, value]
    return value
  }
  const steps = (levels: number) => countSteps(() => dumps(laughs(levels)))
  expect(steps(400) / steps(100)).toBeLessThan(6)
  expect(dumps(laughs(400)).length).toBeLessThan(400 * 12)
})
