/**
 * A Python `float` with the value of an integer, such as `1.0`, which a JavaScript number cannot tell from the int `1`.
 * All other floats are plain numbers, `-0`, `NaN`, the infinities and those of 2⁵³ and above included.
 *
 * It calculates and compares by its value (`price * 2`, `price < 3`, `` `${price}` ``); what comes out is a plain number.
 */
export class PyFloat {
  readonly value: number

  constructor(value: number) {
    if (typeof value !== 'number') throw new TypeError('PyFloat takes a number.')
    this.value = value
  }

  valueOf(): number {
    return this.value
  }

  toString(): string {
    return String(this.value)
  }

  toJSON(): number {
    return this.value
  }
}

/** `decimal.Decimal`, by the text that Python writes for it (`'1.10'`, `'1E+10'`, `'NaN'`), so that no digit is lost. */
export class PyDecimal {
  readonly value: string

  /** Throws a `RangeError` for a text that Python's Decimal would not write. */
  constructor(value: string) {
    if (!isDecimal(value)) throw new RangeError('PyDecimal takes the text of a decimal number.')
    this.value = value
  }

  toString(): string {
    return this.value
  }

  toJSON(): string {
    return this.value
  }
}

// Python's largest exponent has 18 digits. No two neighbours can match the same text: linear on any input.
const finite = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,18})?$/
const special = /^[+-]?(?:inf(?:inity)?|s?nan\d*)$/i

const isDecimal = (text: string) => typeof text === 'string' && (finite.test(text) || special.test(text))

/** `uuid.UUID`, by its usual text. */
export class PyUUID {
  /** 36 characters, lower case, with hyphens. */
  readonly value: string
  /** Python's `is_safe`, which `uuid.uuid1()` sets where the platform tells: `null` for unknown. */
  readonly isSafe: boolean | null

  /** Throws a `RangeError` for anything but 32 hexadecimal digits, hyphens aside. */
  constructor(value: string, isSafe: boolean | null = null) {
    const digits = String(value).replaceAll('-', '').toLowerCase()
    if (!/^[0-9a-f]{32}$/.test(digits)) throw new RangeError('PyUUID takes the text of a UUID.')
    this.value = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    this.isSafe = isSafe
  }

  /** The number that the text writes: Python's `int`. */
  get int(): bigint {
    return BigInt(`0x${this.value.replaceAll('-', '')}`)
  }

  toString(): string {
    return this.value
  }

  toJSON(): string {
    return this.value
  }
}

/**
 * A Python `str` that has a high and a low surrogate next to each other as two code points. JavaScript would see them
 * as the one character that they encode, and Python would get back another text; every other `str`, lone surrogates
 * included, is a plain string.
 */
export class PyString {
  /** The text, cut between the two halves of each such pair. */
  readonly parts: readonly string[]

  constructor(parts: readonly string[]) {
    this.parts = [...parts]
  }

  toString(): string {
    return this.parts.join('')
  }

  toJSON(): string {
    return this.toString()
  }
}

/** `django.utils.safestring.SafeString`: a text that templates do not escape. Read with `classes: 'django'` only. */
export class PySafeString {
  readonly value: string

  constructor(value: string) {
    if (typeof value !== 'string') throw new TypeError('PySafeString takes a string.')
    this.value = value
  }

  toString(): string {
    return this.value
  }

  toJSON(): string {
    return this.value
  }
}

/** `django_redis.client.herd.Marker`, first item of the tuples of django-redis' HerdClient. Read with `classes: 'django'` only. */
export class PyHerdMarker {}
