const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Little-endian two's complement, as Python writes ints: a number as long as that is exact, else a bigint. */
export function readInteger(bytes: Uint8Array, start: number, length: number): number | bigint {
  const end = start + length
  const negative = length > 0 && (bytes[end - 1] as number) >= 0x80
  if (length <= 6) {
    let value = 0
    for (let i = end - 1; i >= start; i--) value = value * 256 + (bytes[i] as number)
    return negative ? value - 256 ** length : value
  }
  let digits = '0x'
  for (let i = end - 1; i >= start; i--) digits += hex[bytes[i] as number]
  const value = negative ? BigInt(digits) - (1n << BigInt(8 * length)) : BigInt(digits)
  return narrow(value)
}

/** The fewest bytes that Python's pickler would use for an int beyond 32 bits. */
export function integerBytes(value: bigint): Uint8Array {
  const magnitude = value < 0n ? -value - 1n : value
  // One bit more than the magnitude has, for the sign.
  const length = Math.floor(magnitude.toString(16).length / 2) + 1
  let digits = BigInt.asUintN(8 * length, value)
    .toString(16)
    .padStart(2 * length, '0')
  const sign = value < 0n ? 'ff' : '00'
  const next = Number.parseInt(digits.slice(2, 4), 16)
  if (length > 1 && digits.startsWith(sign) && (value < 0n ? next >= 0x80 : next < 0x80))
    digits = digits.slice(2)
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const at = digits.length - 2 * (i + 1)
    bytes[i] = Number.parseInt(digits.slice(at, at + 2), 16)
  }
  return bytes
}

/** A bigint, or the number of the same value where that is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
