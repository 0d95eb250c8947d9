/** Walks through bytes of which nothing is known. Every method throws a `RangeError` past their end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1))
  }

  u16be(): number {
    return this.#view.getUint16(this.#skip(2))
  }

  u32be(): number {
    return this.#view.getUint32(this.#skip(4))
  }

  u32le(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }

  u64le(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true))
  }

  /** A view that stays as long as the bytes do. */
  view(length: number): DataView {
    const at = this.#skip(length)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, length)
  }

  /** A copy. */
  take(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.#bytes.slice(at, at + length)
  }

  skip(length: number): void {
    this.#skip(length)
  }

  #skip(length: number): number {
    const { at } = this
    if (length > this.#bytes.length - at) throw new RangeError('The value ends too early.')
    this.at = at + length
    return at
  }
}
