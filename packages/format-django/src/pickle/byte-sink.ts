const encoder = new TextEncoder()
const scratch = new DataView(new ArrayBuffer(8))

/** Longer texts are left to TextEncoder. */
const SHORT = 64

/** Matches a surrogate without its other half: the `u` flag takes whole pairs for one character. */
const loneSurrogate = /[\ud800-\udfff]/u

/** Bytes that grow at the end. */
export class ByteSink {
  #bytes = new Uint8Array(512)
  length = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  /** Little-endian, `width` bytes. */
  unsigned(value: number, width: number): void {
    this.#reserve(width)
    let rest = value
    for (let i = 0; i < width; i++) {
      this.#bytes[this.length++] = rest % 256
      rest = Math.floor(rest / 256)
    }
  }

  /** Big-endian. */
  float(value: number): void {
    this.#reserve(8)
    scratch.setFloat64(0, value)
    for (let i = 0; i < 8; i++) this.#bytes[this.length++] = scratch.getUint8(i)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** UTF-8 in which lone surrogates stay what they are, as Python's `surrogatepass` writes them. */
  text(text: string): void {
    this.#reserve(3 * text.length)
    if (text.length > SHORT && !loneSurrogate.test(text)) {
      this.length += encoder.encodeInto(text, this.#bytes.subarray(this.length)).written
      return
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit < 0x80) this.#bytes[this.length++] = unit
      else i += this.#wide(text, i) - 1
    }
  }

  /** Replaces the byte at `at`. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value
  }

  /** Puts a gap of `width` bytes before `at`. */
  widen(at: number, width: number): void {
    this.#reserve(width)
    this.#bytes.copyWithin(at + width, at, this.length)
    this.length += width
  }

  /** A copy of what was written from `start` on. */
  copy(start: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(start, this.length)
  }

  /** One character beyond ASCII; answers how many units it takes. */
  #wide(text: string, i: number): number {
    const unit = text.charCodeAt(i)
    // A pair gives its code point, half of one itself.
    const point = text.codePointAt(i) as number
    if (point < 0x800) {
      this.#bytes[this.length++] = 0xc0 | (point >> 6)
    } else {
      if (point < 0x10000) {
        this.#bytes[this.length++] = 0xe0 | (point >> 12)
      } else {
        this.#bytes[this.length++] = 0xf0 | (point >> 18)
        this.#bytes[this.length++] = 0x80 | ((point >> 12) & 0x3f)
      }
      this.#bytes[this.length++] = 0x80 | ((point >> 6) & 0x3f)
    }
    this.#bytes[this.length++] = 0x80 | (point & 0x3f)
    return point === unit ? 1 : 2
  }

  #reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    bytes.set(this.#bytes.subarray(0, this.length))
    this.#bytes = bytes
  }
}
