import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseData } from './json.ts'
import { membersOf, readMember } from './json-members.ts'

/** What the members say, or the code of the error that reading one of them throws; `undefined` where there are none. */
function byMembers(text: string): unknown {
  const members = membersOf(text)
  return (
    members && attempt(() => Object.fromEntries(members.map(({ key, text: of }) => [key, readMember(of)])))
  )
}

function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return (error as { code?: string }).code
  }
}

const data = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }))

describe('the members of JSON text', () => {
  test('are those that parsing the whole text gives, in the same order', () => {
    fc.assert(
      fc.property(data, (given) => {
        const text = JSON.stringify(given)
        const members = membersOf(text)
        if (!members) return
        expect(byMembers(text)).toEqual(parseData(text))
        expect(`{${members.map(({ key, text: of }) => `${JSON.stringify(key)}:${of}`).join()}}`).toBe(text)
        for (const { key, value, isObject } of members) {
          if (!isObject) expect(value).toEqual(parseData(text)[key])
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('are there for all that sessions usually hold', () => {
    const text = JSON.stringify({
      n: 1,
      t: 'a "quoted" \\ text',
      on: true,
      no: null,
      list: [{ a: ['}'] }],
      '': {},
    })
    expect(membersOf(text)?.map(({ key }) => key)).toEqual(['n', 't', 'on', 'no', 'list', ''])
    expect(byMembers('{"長い":["鍵",{"b":"é"}],"c":"手形"}')).toEqual({ 長い: ['鍵', { b: 'é' }], c: '手形' })
    expect(membersOf('{"a":[1,{"b":"]"}],"c":2.5}')).toEqual([
      { key: 'a', text: '[1,{"b":"]"}]', value: undefined, isObject: true },
      { key: 'c', text: '2.5', value: 2.5, isObject: false },
    ])
  })

  test('end with their text, whatever longer text was read before', () => {
    const whole = '{"a":1,"b":["c",{"d":"e"}],"f":"g"}'
    for (let length = 1; length < whole.length; length++) {
      expect(membersOf(whole)).toHaveLength(3)
      expect(membersOf(whole.slice(0, length))).toBeUndefined()
    }
  })

  test.each([
    ['names a key twice', '{"a":1,"a":{}}'],
    ['may name __proto__', '{"a":{"__proto__":1}}'],
    ['may name it in escapes', '{"a":{"\\u005f_proto__":1}}'],
    ['holds spaces', '{"a": 1}'],
    ['is no object', '[1]'],
    ['is empty', '{}'],
    ['is cut off', '{"a":[1,"b'],
    ['goes on after its end', '{"a":1}}'],
    ['ends with a comma', '{"a":1,}'],
    ['has a member without a value', '{"a":,"b":1}'],
    ['has a value that is none', '{"a":nil}'],
    ['is nested deep', `{"a":${'['.repeat(450)}${']'.repeat(450)}}`],
    [
      'has many members',
      JSON.stringify(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i]))),
    ],
  ])('are not told of a text that %s', (_, text) => {
    expect(membersOf(text)).toBeUndefined()
  })

  test('say of a damaged text what parsing all of it says', () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.constantFrom('', '{', '}', '[', ']', '"', ',', ':', '\\', '0', 'x'),
      fc.nat(3),
    )
    fc.assert(
      fc.property(data, fc.array(damage, { minLength: 1, maxLength: 3 }), (given, damages) => {
        let text = JSON.stringify(given)
        for (const [at, put, cut] of damages) {
          const start = at % text.length
          text = text.slice(0, start) + put + text.slice(start + cut)
          if (text === '') return
        }
        const found = byMembers(text)
        if (found !== undefined) expect(found).toEqual(attempt(() => parseData(text)))
      }),
      { numRuns: 20_000 },
    )
  })
})
