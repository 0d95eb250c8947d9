import { PyString } from './scalars.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Below this a call of TextDecoder takes longer than the decoding itself. */
const SHORT = 32

/**
 * UTF-8 as Python's `surrogatepass` reads it: lone surrogates are kept. `undefined` for bytes that are no such text.
 * Nothing is allocated but the text, and every byte is looked at a fixed number of times.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | PyString | undefined {
  if (end - start > SHORT) return decodeUtf8(bytes, start, end)
  let text = ''
  let i = start
  for (; i + 8 <= end; i += 8) {
    const a = bytes[i] as number
    const b = bytes[i + 1] as number
    const c = bytes[i + 2] as number
    const d = bytes[i + 3] as number
    const e = bytes[i + 4] as number
    const f = bytes[i + 5] as number
    const g = bytes[i + 6] as number
    const h = bytes[i + 7] as number
    if ((a | b | c | d | e | f | g | h) & 0x80) return decodeUtf8(bytes, start, end)
    text += String.fromCharCode(a, b, c, d, e, f, g, h)
  }
  for (; i < end; i++) {
    const byte = bytes[i] as number
    if (byte & 0x80) return decodeUtf8(bytes, start, end)
    text += String.fromCharCode(byte)
  }
  return text
}

/** `undefined` unless every byte is ASCII: what Python 3 accepts of Python 2's `str`. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++) if ((bytes[i] as number) & 0x80) return undefined
  return decoder.decode(bytes.subarray(start, end))
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | PyString | undefined {
  const text = decoder.decode(bytes.subarray(start, end))
  // What TextDecoder cannot read becomes U+FFFD, which may also have been written as such.
  return text.includes('\ufffd') ? decodeSurrogates(bytes, start, end) : text
}

function decodeSurrogates(bytes: Uint8Array, start: number, end: number): string | PyString | undefined {
  const text = new TextBuilder()
  let i = start
  while (i < end) {
    const lead = bytes[i++] as number
    if (lead < 0x80) {
      text.add(lead)
      continue
    }
    const extra =
      lead >= 0xc2 && lead < 0xe0 ? 1 : (lead & 0xf0) === 0xe0 ? 2 : (lead & 0xf8) === 0xf0 ? 3 : 0
    if (extra === 0 || i + extra > end) return undefined
    let point = lead & (0x3f >> extra)
    for (let k = 0; k < extra; k++) {
      const next = bytes[i++] as number
      if ((next & 0xc0) !== 0x80) return undefined
      point = (point << 6) | (next & 0x3f)
    }
    // Overlong forms, and what lies beyond Unicode.
    if ((extra === 2 && point < 0x800) || (extra === 3 && (point < 0x10000 || point > 0x10ffff)))
      return undefined
    text.add(point)
  }
  return text.end()
}

/** Joins code points to a text, and notices where two surrogates that Python keeps apart would be joined to one character. */
export class TextBuilder {
  #parts: string[] = []
  #text = ''
  #units: number[] = []
  #afterHigh = false

  add(point: number): void {
    if (this.#afterHigh && point >= 0xdc00 && point <= 0xdfff) {
      this.#flush()
      this.#parts.push(this.#text)
      this.#text = ''
    }
    this.#afterHigh = point >= 0xd800 && point <= 0xdbff
    if (point > 0xffff) this.#units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff))
    else this.#units.push(point)
    if (this.#units.length >= 4096) this.#flush()
  }

  end(): string | PyString {
    this.#flush()
    return this.#parts.length === 0 ? this.#text : new PyString([...this.#parts, this.#text])
  }

  #flush(): void {
    this.#text += String.fromCharCode.apply(null, this.#units)
    this.#units.length = 0
  }
}
