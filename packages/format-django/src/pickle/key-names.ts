import { PyByteArray, PyFrozenSet, PyOrderedDict, PyTuple } from './collections.ts'
import { PickleError } from './errors.ts'
import { asPythonTime } from './natural-times.ts'
import { PyDecimal, PyFloat, PyString } from './scalars.ts'

/** Each level takes several frames of the stack. */
const DEEPEST = 100

/** A key that Python cannot hash: a list, a dict, a set, a bytearray, or something that holds one. */
export class UnhashableError extends Error {}

/**
 * Whether JavaScript's Map and Set tell keys of this kind apart as Python does, so that none of what follows is needed.
 * Python takes `1`, `1.0`, `True` and `Decimal(1)` for one key, and compares tuples by what they hold.
 */
export function isSimpleKey(key: unknown): boolean {
  if (typeof key === 'string' || key === null) return true
  return (
    typeof key === 'number' &&
    (Number.isSafeInteger(key) ? !Object.is(key, -0) : key % 1 !== 0 && !Number.isNaN(key))
  )
}

/**
 * Names for keys: two keys have the same name exactly if Python takes them for one, as far as a pickle of plain data can tell
 * (`Decimal('0.5')` and `0.5` are taken for two, and datetimes are compared by what they show). Each object is named once,
 * whatever refers to it, so the time is linear in the number of values.
 */
export class KeyNames {
  readonly #names = new Map<object, string>()
  readonly #ids = new Map<unknown, number>()
  readonly #classes = new Map<object, number>()

  /** Throws an `UnhashableError`, or a `PickleError` for a key that is nested more than 100 deep. */
  nameOf(key: unknown, depth = 0): unknown {
    switch (typeof key) {
      case 'string':
        return `s${key}`
      case 'boolean':
        return nameOfNumber(key ? 1 : 0)
      case 'bigint':
        return nameOfInteger(key)
      case 'number':
        return nameOfNumber(key)
      case 'object':
        return key === null ? null : this.#nameOfObject(key, depth)
      default:
        throw new UnhashableError(`A ${typeof key} cannot be a key.`)
    }
  }

  #nameOfObject(key: object, depth: number): unknown {
    if (key instanceof PyFloat) return nameOfNumber(key.value)
    if (key instanceof PyDecimal) return nameOfDecimal(key.value)
    const known = this.#names.get(key)
    if (known !== undefined) return known
    if (depth >= DEEPEST) {
      throw new PickleError('PICKLE_LIMIT', 'A key is nested too deeply.', { limit: 'maxDepth' })
    }
    const name = this.#newName(key, depth)
    this.#names.set(key, name)
    return name
  }

  #newName(natural: object, depth: number): string {
    const key = asPythonTime(natural)
    const join = (parts: Iterable<unknown>) =>
      Array.from(parts, (part) => this.#idOf(this.nameOf(part, depth + 1)))
    if (key instanceof PyTuple) return `t${join(key)}`
    if (key instanceof PyFrozenSet) return `f${join(key).sort((a, b) => a - b)}`
    if (key instanceof PyString) return `p${join(key.parts)}`
    if (key instanceof Uint8Array && !(key instanceof PyByteArray)) return `b${key}`
    if (isContainer(key)) throw new UnhashableError('Python cannot hash this key.')
    const prototype = Object.getPrototypeOf(key)
    const id = this.#classes.get(prototype) ?? this.#classes.size
    this.#classes.set(prototype, id)
    return `${id}:${join(Object.values(key))}`
  }

  #idOf(name: unknown): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#ids.size
    this.#ids.set(name, id)
    return id
  }
}

const isContainer = (key: object) =>
  Array.isArray(key) ||
  key instanceof Set ||
  key instanceof Map ||
  key instanceof PyOrderedDict ||
  key instanceof Uint8Array ||
  Object.getPrototypeOf(key) === Object.prototype ||
  Object.getPrototypeOf(key) === null

function nameOfNumber(value: number): unknown {
  if (Number.isNaN(value)) return Symbol('nan') // Python compares NaN by identity: it equals no other.
  if (!Number.isInteger(value)) return `n${value}`
  return nameOfInteger(Number.isSafeInteger(value) ? value : BigInt(value))
}

/** As a text, which V8 hashes with a secret; in base 16, which takes no more than linear time. `-0` is `0`. */
const nameOfInteger = (value: number | bigint) => `n${value.toString(16)}`

/** Beyond this many digits a Decimal is taken to equal itself alone, so that no `1E+999999999` is written out. */
const MAX_DIGITS = 400

function nameOfDecimal(text: string): unknown {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)
  if (/^[+-]?snan/i.test(text)) throw new UnhashableError('Python cannot hash a signalling NaN.')
  if (!match) return /nan/i.test(text) ? Symbol('nan') : `d${text.replace('+', '').toLowerCase()}`
  const [, sign = '', whole = '', fraction = '', power = '0'] = match
  const digits = whole + fraction
  let start = 0
  let end = digits.length
  while (start < end && digits[start] === '0') start++
  while (end > start && digits[end - 1] === '0') end--
  if (start === end) return nameOfInteger(0)
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - end)
  const significant = `${sign === '-' ? '-' : ''}${digits.slice(start, end)}`
  if (exponent < 0n || BigInt(end - start) + exponent > MAX_DIGITS) return `d${significant}e${exponent}`
  return nameOfInteger(BigInt(significant) * 10n ** exponent)
}
