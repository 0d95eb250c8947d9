import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PyFloat } from '../pickle.ts'
import { readPythonJson, writePythonJson } from './python-json.ts'

describe("Python's JSON", () => {
  test('is read where it is no JSON to JavaScript, and keeps ints and floats apart', () => {
    expect(
      readPythonJson('[NaN, Infinity, -Infinity, 1.0, 1, -0.0, -0, 1e2, 12345678901234567890, 1e400]'),
    ).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      new PyFloat(1),
      1,
      -0,
      0,
      new PyFloat(100),
      12345678901234567890n,
      Number.POSITIVE_INFINITY,
    ])
  })

  test('is written as Python writes it', () => {
    const value = {
      a: [1, new PyFloat(1), -0, 2 ** 60, 1.5e300, Number.NaN, 2n ** 70n],
      é: '😀\n\u007f',
      u: undefined,
    }
    expect(writePythonJson(value)).toBe(
      '{"a": [1, 1.0, -0.0, 1152921504606847000.0, 1.5e+300, NaN, 1180591620717411303424], "\\u00e9": "\\ud83d\\ude00\\n\u007f"}',
    )
  })

  test('of any value is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const plain = (value: unknown): unknown =>
          JSON.parse(
            JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? Number(member) : member)) ??
              'null',
          )
        expect(plain(readPythonJson(text))).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    '',
    '{',
    '{"a"}',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '"\u0001"',
    '"a',
    '01',
    '+1',
    '1.',
    '.5',
    'nan',
    '1x',
    "'a'",
    '{1:2}',
    '1'.repeat(4301),
  ])('is refused where Python refuses it: %s', (text) => {
    expect(() => readPythonJson(text)).toThrow()
  })

  test('nested deeper than anybody writes is refused, not a crash', () => {
    expect(() => readPythonJson('['.repeat(1_000_000))).toThrow('deeper')
  })

  test('of a million escapes is read in one go', () => {
    const text = JSON.stringify('é'.repeat(1_000_000)).replaceAll('é', '\\u00e9')
    expect(readPythonJson(text)).toHaveLength(1_000_000)
    expect(() => readPythonJson(text.slice(0, -1))).toThrow(SyntaxError)
  })

  test('does not touch the prototype', () => {
    const read = readPythonJson('{"__proto__": {"polluted": 1}}') as Record<string, unknown>
    expect(Object.hasOwn(read, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(writePythonJson(read)).toBe('{"__proto__": {"polluted": 1}}')
  })
})
