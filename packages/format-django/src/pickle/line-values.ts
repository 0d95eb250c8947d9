import { narrow } from './integers.ts'
import type { PyString } from './scalars.ts'
import { TextBuilder } from './text.ts'

/** The values that protocol 0 writes as lines of text. Each answers `undefined` for a line that Python would not read. */

/** `INT` and `LONG`: decimal digits; the caller bounds their number. */
export function parseInteger(line: string): number | bigint | undefined {
  if (!/^[+-]?\d+$/.test(line)) return undefined
  return narrow(BigInt(line.replace('+', '')))
}

/** `FLOAT`: Python's repr of a float. */
export function parseFloatLine(line: string): number | undefined {
  const named = /^([+-]?)(inf|nan)$/.exec(line)
  if (named) return named[2] === 'nan' ? Number.NaN : named[1] === '-' ? -Infinity : Infinity
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(line) ? Number(line) : undefined
}

/** `UNICODE`: raw-unicode-escape. A backslash begins an escape only before `u` or `U`, and otherwise hides the next character. */
export function parseUnicode(bytes: Uint8Array, start: number, end: number): string | PyString | undefined {
  const text = new TextBuilder()
  let i = start
  while (i < end) {
    const byte = bytes[i++] as number
    const kind = byte === 0x5c ? bytes[i] : undefined
    const length = kind === 0x75 ? 4 : kind === 0x55 ? 8 : 0
    if (length === 0) {
      text.add(byte)
      if (kind !== undefined && i < end) text.add(bytes[i++] as number)
      continue
    }
    const point = parseHex(bytes, i + 1, length)
    i += 1 + length
    if (i > end || point === undefined || point > 0x10ffff) return undefined
    text.add(point)
  }
  return text.end()
}

/** `STRING`: Python 2's repr of a str, quotes included. */
export function parseQuoted(line: string): string | undefined {
  const quote = line[0]
  if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote)) return undefined
  let valid = true
  const text = line
    .slice(1, -1)
    .replace(/\\(x[0-9a-f]{2}|[0-7]{1,3}|.)?/gi, (whole, code: string | undefined) => {
      if (code === undefined || code === 'x') valid = false
      else if (/^x./i.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
      else if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff)
      else return simpleEscapes.get(code) ?? whole
      return ''
    })
  // Python 3 reads Python 2's str as ASCII.
  return valid && /^[\0-\x7f]*$/.test(text) ? text : undefined
}

const simpleEscapes = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

function parseHex(bytes: Uint8Array, start: number, length: number): number | undefined {
  let value = 0
  for (let i = start; i < start + length; i++) {
    const digit = Number.parseInt(String.fromCharCode(bytes[i] ?? 0), 16)
    if (Number.isNaN(digit)) return undefined
    value = value * 16 + digit
  }
  return value
}
