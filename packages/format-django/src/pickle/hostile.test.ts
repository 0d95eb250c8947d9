import { describe, expect, test } from 'vitest'
import { loads, PickleError, type PickleErrorCode } from '../pickle.ts'
import { assemble, global, str, u32 } from '../testing/assemble.ts'
import { areUntouched, prototypes } from '../testing/prototypes.ts'

function errorOf(bytes: Uint8Array): PickleError {
  try {
    loads(bytes, { classes: 'django' })
  } catch (error) {
    if (error instanceof PickleError) return error
    throw error
  }
  return expect.fail('It was read.')
}

const REDUCE = 'R'
const command = assemble(str('touch /tmp/pwned'), 0x85)
const system = global('posix', 'system')
const zoneInfo = global('zoneinfo', 'ZoneInfo')
const getattr = global('builtins', 'getattr')
const uuid = assemble(global('uuid', 'UUID'), ')', 0x81)

describe('a pickle that asks for a call', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['GLOBAL and REDUCE', assemble("cposix\nsystem\n(S'touch'\ntR."), 'posix', 'system'],
    ['STACK_GLOBAL and REDUCE', assemble(system, command, REDUCE, '.'), 'posix', 'system'],
    [
      'STACK_GLOBAL from the memo',
      assemble(str('posix'), 0x94, '0', str('system'), 0x94, '0', 'h\0h\x01', 0x93, '.'),
      'posix',
      'system',
    ],
    ['NEWOBJ', assemble(global('subprocess', 'Popen'), command, 0x81, '.'), 'subprocess', 'Popen'],
    ['NEWOBJ_EX of an allowed class', assemble(global('uuid', 'UUID'), ')', '}', 0x92, '.'), 'uuid', 'UUID'],
    ['INST', assemble("(S'touch'\niposix\nsystem\n."), 'posix', 'system'],
    ['INST of an allowed class', assemble('(iuuid\nUUID\n.'), 'uuid', 'UUID'],
    ['OBJ', assemble('(', system, str('touch'), 'o.'), 'posix', 'system'],
    ['OBJ of an allowed class', assemble('(', global('uuid', 'UUID'), 'o.'), 'uuid', 'UUID'],
    ['a name that is never used', assemble(system, '0}.'), 'posix', 'system'],
    ['eval', assemble(global('builtins', 'eval'), command, REDUCE, '.'), 'builtins', 'eval'],
    [
      'a dotted name',
      assemble(global('datetime', 'datetime.__subclasses__'), ')R.'),
      'datetime',
      'datetime.__subclasses__',
    ],
    [
      'object.__reduce_ex__',
      assemble(global('builtins', 'object.__reduce_ex__'), ')R.'),
      'builtins',
      'object.__reduce_ex__',
    ],
    [
      'getattr of another name',
      assemble(getattr, zoneInfo, str('__init__'), 0x86, 'R.'),
      'builtins',
      'getattr',
    ],
    [
      'getattr of another class',
      assemble(getattr, global('uuid', 'UUID'), str('_unpickle'), 0x86, 'R.'),
      'builtins',
      'getattr',
    ],
    ['getattr of a value', assemble(getattr, str('x'), str('_unpickle'), 0x86, 'R.'), 'builtins', 'getattr'],
    [
      'getattr with a default',
      assemble(getattr, zoneInfo, str('_unpickle'), 'N', 0x87, 'R.'),
      'builtins',
      'getattr',
    ],
    ['ZoneInfo itself', assemble(zoneInfo, str('UTC'), 0x85, 'R.'), 'zoneinfo', 'ZoneInfo'],
    ['object', assemble(global('builtins', 'object'), ')', 0x81, '.'), 'builtins', 'object'],
    ['str', assemble(global('builtins', 'str'), str('x'), 0x85, 'R.'), 'builtins', 'str'],
    [
      '_reconstructor of another class',
      assemble(global('copyreg', '_reconstructor'), zoneInfo, global('builtins', 'object'), 'N', 0x87, 'R.'),
      'copyreg',
      '_reconstructor',
    ],
    [
      '_reconstructor with a state',
      assemble(
        global('copyreg', '_reconstructor'),
        global('uuid', 'UUID'),
        global('builtins', 'object'),
        '}',
        0x87,
        'R.',
      ),
      'copyreg',
      '_reconstructor',
    ],
    [
      'a property of JavaScript objects',
      assemble(global('constructor', 'constructor'), command, 'R.'),
      'constructor',
      'constructor',
    ],
    [
      'the prototype of JavaScript objects',
      assemble(global('__proto__', 'toString'), ')R.'),
      '__proto__',
      'toString',
    ],
    ['a line feed in a name', assemble(global('datetime\ndatetime', ''), ')R.'), 'datetime\ndatetime', ''],
    ['a class as the result', assemble(global('datetime', 'datetime'), '.'), 'datetime', 'datetime'],
    ['a class in a list', assemble(']', global('decimal', 'Decimal'), 'a.'), 'decimal', 'Decimal'],
    ['a class as a value of a dict', assemble('}', str('x'), zoneInfo, 's.'), 'zoneinfo', 'ZoneInfo'],
    [
      'a function that only a pickle could have got',
      assemble(getattr, zoneInfo, str('_unpickle'), 0x86, 'R.'),
      'zoneinfo',
      'ZoneInfo._unpickle',
    ],
    ['BUILD on a class', assemble(global('datetime', 'datetime'), '}b.'), 'datetime', 'datetime'],
  ])('by %s is refused by name', (_, bytes, module, className) => {
    expect(errorOf(bytes)).toMatchObject({ code: 'PICKLE_REFUSED', module, className })
  })

  test.each<[string, Uint8Array]>([
    ['a persistent id', assemble('Psomething\n.')],
    ['a persistent id from the stack', assemble('K\x01Q.')],
    ['EXT1', assemble(0x82, 1, '.')],
    ['EXT2', assemble(0x83, 1, 0, '.')],
    ['EXT4', assemble(0x84, 1, 0, 0, 0, '.')],
    ['NEXT_BUFFER', assemble(0x97, '.')],
    ['READONLY_BUFFER', assemble('}', 0x98, '.')],
    ['BUILD on a dict', assemble('}}b.')],
    ['BUILD on a datetime', assemble(global('datetime', 'date'), 'C\x04\x07\xea\x01\x02', 0x85, 'R}b.')],
    ['BUILD a second time', assemble(uuid, '}', str('int'), 'K\x01sb}', str('int'), 'K\x02sb.')],
  ])('by %s is refused', (_, bytes) => {
    expect(errorOf(bytes).code).toBe('PICKLE_REFUSED')
  })

  test('is told where it does so', () => {
    expect(errorOf(assemble(0x80, 4, '}', str('a'), system, '.')).offset).toBe(2 + 1 + 3 + 7 + 8)
  })
})

describe('a pickle that Python does not write', () => {
  test.each<[string, PickleErrorCode, Uint8Array]>([
    ['a call of something that is no class', 'PICKLE_REFUSED', assemble('K\x01)R.')],
    ['arguments that are no tuple', 'PICKLE_INVALID', assemble(global('decimal', 'Decimal'), ']R.')],
    [
      'encode with another codec',
      'PICKLE_INVALID',
      assemble(global('_codecs', 'encode'), str('x'), str('rot13'), 0x86, 'R.'),
    ],
    [
      'a Decimal that is no number',
      'PICKLE_INVALID',
      assemble(global('decimal', 'Decimal'), str('1_0'), 0x85, 'R.'),
    ],
    [
      'a day that no calendar has',
      'PICKLE_INVALID',
      assemble(global('datetime', 'date'), 'C\x04\x07\xea\x02\x1e', 0x85, 'R.'),
    ],
    [
      'a zone that is none',
      'PICKLE_INVALID',
      assemble(global('datetime', 'time'), 'C\x06\0\0\0\0\0\0', '}', 0x86, 'R.'),
    ],
    ['a UUID without a number', 'PICKLE_INVALID', assemble(uuid, '.')],
    ['a UUID without a number, thrown away', 'PICKLE_INVALID', assemble(uuid, '0}.')],
    [
      'a UUID with a state of its own',
      'PICKLE_INVALID',
      assemble(uuid, '}(', str('int'), 'K\x01', str('hex'), 'K\x01ub.'),
    ],
    [
      'a UUID whose number is too large',
      'PICKLE_INVALID',
      assemble(uuid, '}', str('int'), 0x8a, 18, '\0'.repeat(16), '\x01\0sb.'),
    ],
    ['a dict as a key', 'PICKLE_INVALID', assemble('}}K\x01s.')],
    ['a list in a tuple as a key', 'PICKLE_INVALID', assemble('}]', 0x85, 'K\x01s.')],
    ['a set in a set', 'PICKLE_INVALID', assemble(0x8f, '(', 0x8f, 0x90, '.')],
    ['a bytearray in a set', 'PICKLE_INVALID', assemble(0x8f, '(', 0x96, '\0'.repeat(8), 0x90, '.')],
    ['items for a tuple', 'PICKLE_INVALID', assemble(')K\x01a.')],
    ['members for a frozenset', 'PICKLE_INVALID', assemble('(', 0x91, '(K\x01', 0x90, '.')],
    ['items taken from below a mark', 'PICKLE_INVALID', assemble(']K\x01(a.')],
    ['a target below a mark', 'PICKLE_INVALID', assemble(']((K\x01e.')],
    ['a list that holds itself', 'PICKLE_CYCLE', assemble(']', 0x94, 'h\0a.')],
    ['a dict that holds itself', 'PICKLE_CYCLE', assemble('}', 0x94, str('x'), 'h\0s.')],
    ['a tuple that holds itself by a list', 'PICKLE_CYCLE', assemble(']', 0x94, 0x85, 0x94, '0h\0h\x01a.')],
    [
      'a dict that changes its kind where it lies',
      'PICKLE_INVALID',
      assemble('](}', 0x94, 'eh\0K\x01K\x02s0.'),
    ],
    ['more marks than levels', 'PICKLE_LIMIT', assemble('('.repeat(3000), '.')],
    ['lists within lists within lists', 'PICKLE_LIMIT', assemble(']'.repeat(1001), 'a'.repeat(1000), '.')],
    ['tuples within tuples as a key', 'PICKLE_LIMIT', assemble('})', Buffer.alloc(200, 0x85), 'K\x01s.')],
    ['a long int', 'PICKLE_LIMIT', assemble(0x8b, u32(9000), '\x01'.repeat(9000), '.')],
    ['a long int in digits', 'PICKLE_LIMIT', assemble('L', '9'.repeat(20_000), 'L\n.')],
    ['a number of the memo beyond all', 'PICKLE_LIMIT', assemble('Nr', u32(4_294_967_295), '.')],
    [
      'ints that all fall into one bucket',
      'PICKLE_LIMIT',
      assemble(0x8f, '(', ...Array.from({ length: 5000 }, (_, i) => assemble('J', u32(i << 16))), 0x90, '.'),
    ],
    [
      'bigints that V8 hashes alike',
      'PICKLE_LIMIT',
      assemble(
        0x8f,
        '(',
        ...Array.from({ length: 5000 }, (_, i) => assemble(0x8a, 11, '\0'.repeat(8), i & 255, i >> 8, 1)),
        0x90,
        '.',
      ),
    ],
    [
      'one text a thousand thousand times',
      'PICKLE_LIMIT',
      assemble('(', 'X', u32(1000), 'x'.repeat(1000), 0x94, 'h\0'.repeat(30_000), 'l.'),
    ],
  ])('(%s) is refused: %s', (_, code, bytes) => {
    expect(errorOf(bytes).code).toBe(code)
  })

  test('with dicts that name the prototype touches none', () => {
    const before = prototypes()
    const value = loads(
      assemble(
        '}(',
        str('__proto__'),
        '}',
        str('polluted'),
        0x88,
        's',
        str('constructor'),
        '}',
        str('prototype'),
        '}',
        str('polluted'),
        0x88,
        'ssu.',
      ),
    ) as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).toEqual({ polluted: true })
    expect({}).not.toHaveProperty('polluted')
    expect(areUntouched(before)).toBe(true)
  })

  test('with the state of a UUID under __proto__ gives it no number', () => {
    const state = assemble('}', str('__proto__'), '}', str('int'), 'K\x01ss')
    expect(errorOf(assemble(uuid, state, 'b.')).code).toBe('PICKLE_INVALID')
  })
})

test.each([
  ['maxBytes', { maxBytes: 3 }],
  ['maxDepth', { maxDepth: 1 }],
  ['maxValues', { maxValues: 2 }],
  ['maxMemo', { maxMemo: 0 }],
  ['maxStringBytes', { maxStringBytes: 2 }],
  ['maxIntegerBytes', { maxIntegerBytes: 2 }],
  ['maxNumericKeys', { maxNumericKeys: 1 }],
])('%s is a bound, and the error names it', (limit, options) => {
  const bytes = assemble('](', ']', 0x94, str('abc'), 0x8a, 3, 1, 1, 1, 0x8f, '(K\x01K\x02K\x03', 0x90, 'e.')
  expect(loads(bytes)).toEqual([[], 'abc', 65793, new Set([1, 2, 3])])
  expect(() => loads(bytes, options)).toThrow(expect.objectContaining({ code: 'PICKLE_LIMIT', limit }))
})

test('options and input of another type are programmer mistakes', () => {
  expect(() => loads(assemble('N.'), { maxDepth: 2001 })).toThrow(TypeError)
  expect(() => loads(assemble('N.'), { maxBytes: -1 })).toThrow(TypeError)
  expect(() => loads(assemble('N.'), { classes: 'all' as never })).toThrow(TypeError)
  expect(() => loads('N.' as never)).toThrow(TypeError)
})
