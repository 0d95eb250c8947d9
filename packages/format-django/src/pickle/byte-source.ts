import { PickleError, type PickleErrorCode, type PickleErrorDetails } from './errors.ts'
import type { ResolvedLoadsOptions } from './options.ts'

/** The bytes of a pickle and a place in them. Nothing reads past the end: a pickle that stops short is `PICKLE_INVALID`. */
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
  f64(): number {
    const start = this.skip(8)
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    return this.#view.getFloat64(start)
  }

  /** Passes over `length` bytes and answers where they begin. */
  skip(length: number): number {
    const start = this.pos
    if (length > this.bytes.length - start) throw this.#truncated()
    this.pos = start + length
    return start
  }

  /** As `skip`, for the bytes of a str, bytes or bytearray. */
  skipString(length: number): number {
    const start = this.skip(length)
    if (length > this.limits.maxStringBytes) throw this.limit('maxStringBytes')
    return start
  }

  /** Passes over a line and its line feed, and answers where it ends. */
  skipLine(): number {
    const end = this.bytes.indexOf(0x0a, this.pos)
    if (end < 0) throw this.#truncated()
    this.pos = end + 1
    return end
  }

  #truncated(): PickleError {
    return this.invalid('The pickle stops short')
  }
}
