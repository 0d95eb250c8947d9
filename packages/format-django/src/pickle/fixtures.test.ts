import { describe, expect, test } from 'vitest'
import { same } from '../../../core/src/same.ts'
import { dumps, loads, PickleError, PyPytzZone, PySafeString } from '../pickle.ts'
import { assemble, global } from '../testing/assemble.ts'
import { describeJson, describeValue } from '../testing/described.ts'
import { djangoPickles, pickleOf, pythonPickles } from '../testing/fixtures.ts'
import { pythonOrSkip, runPython, toFrames } from '../testing/python.ts'

const only = (expected: string) => djangoPickles.filter((pickle) => pickle.expect === expected)
const byName = (name: string) => djangoPickles.find((pickle) => pickle.name === name) ?? expect.fail(name)

function errorOf(bytes: Uint8Array): PickleError {
  try {
    loads(bytes)
  } catch (error) {
    if (error instanceof PickleError) return error
    throw error
  }
  return expect.fail('It was read.')
}

describe('what Django left in Redis', () => {
  test.each(only('ok'))('$name is read to the value that Python has', (pickle) => {
    expect(describeValue(loads(pickleOf(pickle)))).toEqual(describeJson(pickle.json))
  })

  test.each(only('ok'))('$name is read to a fresh copy each time, equal for merging', (pickle) => {
    const [a, b] = [loads(pickleOf(pickle)), loads(pickleOf(pickle))]
    expect(same(a, b)).toBe(true)
    expect(same(a, loads(dumps(b)))).toBe(true)
  })

  test.each(only('opaque'))('$name is refused by the name of the class that is no plain data', (pickle) => {
    const error = errorOf(pickleOf(pickle))
    expect(error.code).toBe('PICKLE_REFUSED')
    expect(pickle.globals).toContainEqual([error.module, error.className])
    const opcode = pickleOf(pickle)[error.offset as number]
    expect([0x63, 0x93]).toContain(opcode) // GLOBAL, STACK_GLOBAL
  })

  test.each(only('refuse'))('$name is refused', (pickle) => {
    expect(['PICKLE_INVALID', 'PICKLE_REFUSED']).toContain(errorOf(pickleOf(pickle)).code)
  })

  test.each(only('either'))(
    '$name is read as CPython reads it, or refused by a code that says why',
    (pickle) => {
      const codes = {
        cycle: 'PICKLE_CYCLE',
        deep: 'PICKLE_LIMIT',
        bomb: 'PICKLE_LIMIT',
        feb: 'PICKLE_INVALID',
      }
      const refused = Object.entries(codes).find(([word]) => pickle.name.includes(word))
      if (refused) expect(errorOf(pickleOf(pickle)).code).toBe(refused[1])
      else if (pickle.json === undefined) loads(pickleOf(pickle))
      else expect(describeValue(loads(pickleOf(pickle)))).toEqual(describeJson(pickle.json))
    },
  )

  test("a login is written back to the very bytes of Python's pickler", () => {
    const bytes = pickleOf(byName('article-sample'))
    expect(dumps(loads(bytes))).toEqual(bytes)
  })

  test("classes: 'django' reads what only Django or pytz can build", () => {
    const read = (name: string) => loads(pickleOf(byName(name)), { classes: 'django' })
    expect(read('pickle-p2-safestring')).toHaveProperty('s', expect.any(PySafeString))
    expect(read('pickle-p2-datetime-pytz-utc')).toHaveProperty('d.tzinfo', new PyPytzZone('UTC'))
    const tokyo = { utcOffset: 32_400, dst: 0, abbreviation: 'JST' }
    expect(read('pickle-p2-datetime-pytz-tokyo')).toHaveProperty(
      'd.tzinfo',
      new PyPytzZone('Asia/Tokyo', tokyo),
    )
    expect(() => read('pickle-p2-model-instance')).toThrow(PickleError)
  })
})

describe('what CPython pickles at protocols 2 to 5', () => {
  test.each(Object.entries(pythonPickles))('%s is one value in all of them', (name, vector) => {
    const values = (['p2', 'p3', 'p4', 'p5'] as const).map((protocol) =>
      loads(new Uint8Array(Buffer.from(vector[protocol], 'base64')), { classes: 'django' }),
    )
    for (const value of values) expect(same(value, values[0]), name).toBe(true)
  })
})

describe.skipIf(pythonOrSkip().skip)('back in Python', () => {
  test('every fixture and vector that was read and written is the same value, types included', () => {
    const all = [
      ...only('ok').map(pickleOf),
      ...['pickle-p2-safestring', 'pickle-p2-datetime-pytz-utc', 'pickle-p2-datetime-pytz-tokyo'].map(
        (name) => pickleOf(byName(name)),
      ),
      // What django-redis' HerdClient stores: a marker, the value, and when it expires.
      assemble(0x80, 4, global('django_redis.client.herd', 'Marker'), ')', 0x81, '}K\x01', 0x87, '.'),
      ...Object.values(pythonPickles).flatMap(({ p2, p3, p4, p5 }) =>
        [p2, p3, p4, p5].map((pickle) => new Uint8Array(Buffer.from(pickle, 'base64'))),
      ),
    ]
    const pairs = all.flatMap((bytes) => [bytes, dumps(loads(bytes, { classes: 'django' }))])
    expect(JSON.parse(String(runPython(['compare'], toFrames(pairs))))).toEqual([])
  })
})
