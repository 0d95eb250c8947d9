import { PickleError, type PickleErrorCode, type PickleErrorDetails } from './errors.ts'
import { readInteger } from './integers.ts'
import { parseFloatLine, parseInteger, parseQuoted, parseUnicode } from './line-values.ts'
import type { ResolvedLoadsOptions } from './options.ts'
import { PyFloat, type PyString } from './scalars.ts'
import { decodeAscii, decodeText } from './text.ts'

/** The bytes of a pickle and a place in them, with all values that hold no others. Nothing reads past the end: a pickle that stops short is `PICKLE_INVALID`. */
export class ByteSource {
  readonly bytes: Uint8Array
  readonly limits: ResolvedLoadsOptions
  pos = 0
  /** Where the opcode at work begins. */
  at = 0
  #view: DataView | undefined

  constructor(bytes: Uint8Array, limits: ResolvedLoadsOptions) {
    this.bytes = bytes
    this.limits = limits
  }

  error(code: PickleErrorCode, message: string, details: PickleErrorDetails = {}): PickleError {
    return new PickleError(code, `${message} (byte ${this.at})`, { offset: this.at, ...details })
  }

  invalid(message: string, cause?: unknown): PickleError {
    return this.error('PICKLE_INVALID', message, cause === undefined ? {} : { cause })
  }

  limit(name: keyof ResolvedLoadsOptions): PickleError {
    return this.error('PICKLE_LIMIT', `The pickle is larger than \`${name}\` allows`, { limit: name })
  }

  /** The next opcode. */
  opcode(): number {
    this.at = this.pos
    return this.u8()
  }

  u8(): number {
    if (this.pos >= this.bytes.length) throw this.#truncated()
    return this.bytes[this.pos++] as number
  }

  u16(): number {
    const start = this.skip(2)
    return (this.bytes[start] as number) | ((this.bytes[start + 1] as number) << 8)
  }

  i32(): number {
    const start = this.skip(4)
    const { bytes } = this
    return (
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24)
    )
  }

  u32(): number {
    return this.i32() >>> 0
  }

  /** Exact as far as any length that could be true. */
  u64(): number {
    const low = this.u32()
    return this.u32() * 4_294_967_296 + low
  }

  /** Eight bytes, big-endian. */
  float(): number | PyFloat {
    const start = this.skip(8)
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    return toFloat(this.#view.getFloat64(start))
  }

  /** Little-endian two's complement. */
  integer(length: number): number | bigint {
    const start = this.skip(length)
    if (length > this.limits.maxIntegerBytes) throw this.limit('maxIntegerBytes')
    return readInteger(this.bytes, start, length)
  }

  /** The bytes of a value, still those of the pickle. */
  span(length: number): Uint8Array {
    const start = this.#skipString(length)
    return this.bytes.subarray(start, start + length)
  }

  text(length: number): string | PyString {
    const start = this.#skipString(length)
    return this.#parsed(decodeText(this.bytes, start, start + length))
  }

  /** Python 2's `str`, which Python 3 reads as ASCII unless told otherwise. */
  ascii(length: number): string {
    const start = this.#skipString(length)
    return this.#parsed(decodeAscii(this.bytes, start, start + length))
  }

  // Lines, as protocol 0 writes them

  line(): string {
    const start = this.pos
    return this.#parsed(decodeAscii(this.bytes, start, this.#skipLine()))
  }

  /** `00` and `01` are Booleans. */
  intLine(): number | bigint | boolean {
    const line = this.#digits()
    return line === '00' || line === '01' ? line === '01' : this.#parsed(parseInteger(line))
  }

  longLine(): number | bigint {
    const line = this.#digits()
    return this.#parsed(parseInteger(line.endsWith('L') ? line.slice(0, -1) : line))
  }

  floatLine(): number | PyFloat {
    return toFloat(this.#parsed(parseFloatLine(this.line())))
  }

  quotedLine(): string {
    return this.#parsed(parseQuoted(this.line()))
  }

  unicodeLine(): string | PyString {
    const start = this.pos
    return this.#parsed(parseUnicode(this.bytes, start, this.#skipLine()))
  }

  #digits(): string {
    const line = this.line()
    if (line.length > 2 * this.limits.maxIntegerBytes) throw this.limit('maxIntegerBytes')
    return line
  }

  #parsed<T>(value: T | undefined): T {
    if (value === undefined) throw this.invalid('A value is malformed')
    return value
  }

  /** Passes over `length` bytes and answers where they begin. */
  skip(length: number): number {
    const start = this.pos
    if (length < 0) throw this.invalid('A length is negative')
    if (length > this.bytes.length - start) throw this.#truncated()
    this.pos = start + length
    return start
  }

  /** As `skip`, for the bytes of a str, bytes or bytearray. */
  #skipString(length: number): number {
    const start = this.skip(length)
    if (length > this.limits.maxStringBytes) throw this.limit('maxStringBytes')
    return start
  }

  /** Passes over a line and its line feed, and answers where it ends. */
  #skipLine(): number {
    const start = this.pos
    const end = this.bytes.indexOf(0x0a, start)
    if (end < 0) throw this.#truncated()
    if (end - start > this.limits.maxStringBytes) throw this.limit('maxStringBytes')
    this.pos = end + 1
    return end
  }

  #truncated(): PickleError {
    return this.invalid('The pickle stops short')
  }
}

/** Integral floats that a number could not be told from ints by are wrapped; all others say by themselves that they are floats. */
function toFloat(value: number): number | PyFloat {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value
}
