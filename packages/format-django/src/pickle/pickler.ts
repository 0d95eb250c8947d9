import { dateArgs, dateTimeArgs, pytzArgs, timeArgs } from './arguments.ts'
import { ByteSink } from './byte-sink.ts'
import { PyByteArray, PyFrozenSet, PyOrderedDict, PyTuple } from './collections.ts'
import { PyDate, PyDateTime, PyTime } from './date-time.ts'
import { keysInOrder } from './dict-order.ts'
import { PickleError, type PickleErrorCode, type PickleErrorDetails } from './errors.ts'
import { integerBytes } from './integers.ts'
import { isSimpleKey, KeyNames, UnhashableError } from './key-names.ts'
import { asPythonTime } from './natural-times.ts'
import { PyDecimal, PyFloat, PyHerdMarker, PySafeString, PyString, PyUUID } from './scalars.ts'
import { PyTimeDelta } from './time-delta.ts'
import { PyPytzZone, PyTimeZone, PyZoneInfo } from './zones.ts'

/** Python's pickler puts as many items behind one mark. */
const BATCH = 1000

/** From this size on Python cuts a pickle into several frames; it reads one without any as well. */
const FRAME = 65_536

/** In place of a number of the memo: the container is being written, so that meeting it again means a cycle. */
const OPEN = -1

/** The depth of the arguments of a class, which are few: any but that of the outermost dict. */
const INNER = 2

/**
 * Writes protocol 4 as CPython's pickler does: every object is numbered as it is written, and written as its number when it is met
 * again. Texts are numbered by what they say, since JavaScript's have no identity.
 */
export class Pickler {
  readonly #sink = new ByteSink()
  readonly #maxDepth: number
  readonly #memo = new Map<unknown, number>()
  readonly #globals = new Map<string, number>()
  #memoized = 0
  readonly #names = new KeyNames()
  /** The key of the outermost dict whose value is being written. */
  #key: string | undefined

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  dump(value: unknown): Uint8Array<ArrayBuffer> {
    const sink = this.#sink
    // PROTO 4, and room for FRAME and its length.
    sink.unsigned(0x0480, 2)
    sink.widen(2, 9)
    this.#write(value, 0)
    sink.byte(0x2e) // STOP
    const payload = sink.length - 11
    if (payload >= 4 && payload < FRAME) {
      sink.patch(2, 0x95)
      for (let i = 0; i < 8; i++) sink.patch(3 + i, i < 2 ? (payload >> (8 * i)) & 0xff : 0)
      return sink.copy(0)
    }
    sink.patch(9, 0x80)
    sink.patch(10, 0x04)
    return sink.copy(9)
  }

  #write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(value)
        return this.#float(value)
      case 'boolean':
        return this.#sink.byte(value ? 0x88 : 0x89) // NEWTRUE, NEWFALSE
      case 'bigint':
        return this.#bigint(value)
      case 'undefined':
        return this.#sink.byte(0x4e) // NONE
      case 'object':
        return value === null ? this.#sink.byte(0x4e) : this.#object(value, depth)
      default:
        throw this.#unsupported(`A ${typeof value}`)
    }
  }

  // Numbers and texts

  #integer(value: number): void {
    if (value >= 0 && value < 256) this.#sized(0x4b, value, 1)
    else if (value >= 0 && value < 65_536) this.#sized(0x4d, value, 2)
    else if (value >= -2_147_483_648 && value <= 2_147_483_647) this.#sized(0x4a, value >>> 0, 4)
    else this.#bigint(BigInt(value))
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(32, value) === value) return this.#integer(Number(value))
    const bytes = integerBytes(value)
    if (bytes.length < 256) this.#sized(0x8a, bytes.length, 1)
    else this.#sized(0x8b, bytes.length, 4)
    this.#sink.raw(bytes)
  }

  #float(value: number): void {
    this.#sink.byte(0x47)
    this.#sink.float(value)
  }

  #text(text: string): void {
    if (this.#recall(text)) return
    this.#parts([text])
    this.#memo.set(text, this.#memoize())
  }

  #parts(parts: readonly string[]): void {
    const sink = this.#sink
    const start = sink.length
    sink.unsigned(0x008c, 2) // SHORT_BINUNICODE
    for (const part of parts) sink.text(part)
    const length = sink.length - start - 2
    if (length < 256) return sink.patch(start + 1, length)
    sink.widen(start + 2, 3)
    sink.patch(start, 0x58) // BINUNICODE
    for (let i = 0; i < 4; i++) sink.patch(start + 1 + i, (length >>> (8 * i)) & 0xff)
  }

  #binary(bytes: Uint8Array): void {
    if (bytes.length < 256) this.#sized(0x43, bytes.length, 1)
    else this.#sized(0x42, bytes.length, 4)
    this.#sink.raw(bytes)
  }

  /** An opcode and its little-endian argument. */
  #sized(opcode: number, value: number, width: number): void {
    this.#sink.byte(opcode)
    this.#sink.unsigned(value, width)
  }

  // The memo

  /** Numbers what has just been written. */
  #memoize(): number {
    this.#sink.byte(0x94)
    return this.#memoized++
  }

  /** Writes the number of what has been written before. */
  #recall(value: unknown): boolean {
    const index = this.#memo.get(value)
    if (index === undefined) return false
    if (index === OPEN) throw this.#error('PICKLE_CYCLE', 'A value holds itself')
    this.#getNumber(index)
    return true
  }

  #getNumber(index: number): void {
    if (index < 256) this.#sized(0x68, index, 1)
    else this.#sized(0x6a, index, 4)
  }

  // Objects

  #object(value: object, depth: number): void {
    if (value instanceof PyFloat) return this.#float(value.value)
    if (this.#recall(value)) return
    this.#memo.set(value, OPEN)
    const index = this.#contents(value, depth + 1)
    if (index === undefined) this.#memo.delete(value)
    else this.#memo.set(value, index)
  }

  /** Writes an object and answers its number in the memo; the empty tuple has none. `depth` counts the containers it lies in, itself included. */
  #contents(value: object, depth: number): number | undefined {
    if (depth > this.#maxDepth && isContainer(value)) {
      throw this.#error('PICKLE_LIMIT', 'The value is nested more deeply than `maxDepth` allows', {
        limit: 'maxDepth',
      })
    }
    if (Array.isArray(value))
      return value instanceof PyTuple ? this.#tuple(value, depth) : this.#list(value, depth)
    if (isPlain(value)) return this.#dict(value as Record<string, unknown>, depth)
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (value instanceof Map) return this.#map(value, depth)
    if (value instanceof Set) return this.#set(value, depth)
    return this.#instance(value)
  }

  #list(list: readonly unknown[], depth: number): number {
    this.#sink.byte(0x5d) // EMPTY_LIST
    const index = this.#memoize()
    if (list.length === 1) {
      this.#write(list[0], depth)
      this.#sink.byte(0x61) // APPEND
    } else {
      this.#batches(list.length, 0x65, (i) => this.#write(list[i], depth)) // APPENDS
    }
    return index
  }

  #tuple(tuple: PyTuple, depth: number): number | undefined {
    if (tuple.length > 3) this.#sink.byte(0x28) // MARK
    for (let i = 0; i < tuple.length; i++) this.#write(tuple[i], depth)
    // EMPTY_TUPLE, TUPLE1 to TUPLE3, TUPLE
    this.#sink.byte([0x29, 0x85, 0x86, 0x87][tuple.length] ?? 0x74)
    return tuple.length === 0 ? undefined : this.#memoize()
  }

  #dict(object: Record<string, unknown>, depth: number): number {
    this.#sink.byte(0x7d) // EMPTY_DICT
    const index = this.#memoize()
    const keys = keysInOrder(object).filter((key) => object[key] !== undefined)
    this.#items(keys, (key) => object[key], depth)
    return index
  }

  #map(map: Map<unknown, unknown>, depth: number): number {
    if (map instanceof PyOrderedDict) {
      this.#global('collections', 'OrderedDict')
      this.#sink.unsigned(0x5229, 2) // EMPTY_TUPLE, REDUCE
    } else {
      this.#sink.byte(0x7d)
    }
    const index = this.#memoize()
    const keys = [...map.keys()]
    this.#assertKeys(keys)
    this.#items(keys, (key) => map.get(key), depth)
    return index
  }

  #items<K>(keys: readonly K[], valueAt: (key: K) => unknown, depth: number): void {
    const item = (i: number) => {
      const key = keys[i] as K
      if (depth === 1 && typeof key === 'string') this.#key = key
      this.#write(key, depth)
      this.#write(valueAt(key), depth)
    }
    if (keys.length === 1) {
      item(0)
      this.#sink.byte(0x73) // SETITEM
    } else {
      this.#batches(keys.length, 0x75, item) // SETITEMS
    }
  }

  #set(set: Set<unknown>, depth: number): number {
    const members = [...set]
    this.#assertKeys(members)
    if (set instanceof PyFrozenSet) {
      this.#sink.byte(0x28)
      for (const member of members) this.#write(member, depth)
      this.#sink.byte(0x91) // FROZENSET
      return this.#memoize()
    }
    this.#sink.byte(0x8f) // EMPTY_SET
    const index = this.#memoize()
    this.#batches(members.length, 0x90, (i) => this.#write(members[i], depth)) // ADDITEMS
    return index
  }

  /** A mark, up to a thousand items and the opcode that takes them, as often as needed. */
  #batches(count: number, opcode: number, write: (i: number) => void): void {
    for (let i = 0; i < count; ) {
      this.#sink.byte(0x28)
      const end = Math.min(count, i + BATCH)
      for (; i < end; i++) write(i)
      this.#sink.byte(opcode)
    }
  }

  #assertKeys(keys: readonly unknown[]): void {
    if (keys.every(isSimpleKey)) return
    try {
      const names = new Set(keys.map((key) => this.#names.nameOf(key)))
      if (names.size < keys.length)
        throw this.#unsupported('A collection with two keys that Python takes for one')
    } catch (cause) {
      if (!(cause instanceof UnhashableError || cause instanceof RangeError)) throw cause
      throw this.#unsupported('A key that Python cannot hash', cause)
    }
  }

  // Objects that Python makes by a call

  #bytes(bytes: Uint8Array): number {
    if (bytes instanceof PyByteArray) {
      return this.#call('builtins', 'bytearray', bytes.length === 0 ? [] : [new Uint8Array(bytes)])
    }
    this.#binary(bytes)
    return this.#memoize()
  }

  #instance(instance: object): number {
    const value = this.#natural(instance)
    if (value instanceof PyDateTime) return this.#call('datetime', 'datetime', dateTimeArgs(value))
    if (value instanceof PyDate) return this.#call('datetime', 'date', dateArgs(value))
    if (value instanceof PyTime) return this.#call('datetime', 'time', timeArgs(value))
    if (value instanceof PyTimeDelta) {
      return this.#call('datetime', 'timedelta', [value.days, value.seconds, value.microseconds])
    }
    if (value instanceof PyTimeZone) {
      return this.#call(
        'datetime',
        'timezone',
        value.name === null ? [value.offset] : [value.offset, value.name],
      )
    }
    if (value instanceof PyZoneInfo) return this.#zoneInfo(value)
    if (value instanceof PyPytzZone) return this.#call('pytz', ...pytzArgs(value))
    if (value instanceof PyDecimal) return this.#call('decimal', 'Decimal', [value.value])
    if (value instanceof PyUUID) return this.#uuid(value)
    if (value instanceof PyString) {
      this.#parts(value.parts)
      return this.#memoize()
    }
    if (value instanceof PySafeString)
      return this.#new('django.utils.safestring', 'SafeString', [value.value])
    if (value instanceof PyHerdMarker) return this.#new('django_redis.client.herd', 'Marker', [])
    throw this.#unsupported(`An instance of ${value.constructor?.name || 'an unnamed class'}`)
  }

  /** Dates and times of JavaScript itself. */
  #natural(value: object): object {
    try {
      return asPythonTime(value)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw this.#unsupported('A date or duration that Python has not', cause)
    }
  }

  #zoneInfo(zone: PyZoneInfo): number {
    this.#global('builtins', 'getattr')
    this.#global('zoneinfo', 'ZoneInfo')
    this.#text('_unpickle')
    this.#sink.byte(0x86)
    this.#memoize()
    this.#sink.byte(0x52)
    this.#memoize()
    this.#text(zone.key)
    this.#integer(1)
    this.#sink.byte(0x86)
    this.#memoize()
    this.#sink.byte(0x52)
    return this.#memoize()
  }

  #uuid(uuid: PyUUID): number {
    const index = this.#new('uuid', 'UUID', [])
    const safe = uuid.isSafe === null ? {} : { is_safe: uuid.isSafe ? 0 : -1 }
    this.#dict({ int: uuid.int, ...safe }, INNER)
    this.#sink.byte(0x62) // BUILD
    return index
  }

  #call(module: string, name: string, args: readonly unknown[]): number {
    this.#global(module, name)
    this.#args(args)
    this.#sink.byte(0x52) // REDUCE
    return this.#memoize()
  }

  #new(module: string, name: string, args: readonly unknown[]): number {
    this.#global(module, name)
    this.#args(args)
    this.#sink.byte(0x81) // NEWOBJ
    return this.#memoize()
  }

  #args(args: readonly unknown[]): void {
    this.#tuple(PyTuple.from(args) as PyTuple, INNER)
  }

  #global(module: string, name: string): void {
    const id = `${module}\n${name}`
    const index = this.#globals.get(id)
    if (index !== undefined) return this.#getNumber(index)
    this.#text(module)
    this.#text(name)
    this.#sink.byte(0x93) // STACK_GLOBAL
    this.#globals.set(id, this.#memoize())
  }

  #unsupported(what: string, cause?: unknown): PickleError {
    return this.#error(
      'PICKLE_UNSUPPORTED',
      `${what} has no equal in Python`,
      cause === undefined ? {} : { cause },
    )
  }

  #error(code: PickleErrorCode, message: string, details: PickleErrorDetails = {}): PickleError {
    const where = this.#key === undefined ? '' : ` (in ${JSON.stringify(this.#key)})`
    return new PickleError(code, `${message}${where}.`, { key: this.#key, ...details })
  }
}

const isContainer = (value: object) =>
  Array.isArray(value) || value instanceof Map || value instanceof Set || isPlain(value)

const isPlain = (value: object) => {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
