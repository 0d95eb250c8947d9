/** A UUID of version 4 (RFC 9562 §5.4), as koa-session's ids are. */
export function createUuid(random: (bytes: number) => Uint8Array): string {
  const bytes = random(16)
  const at = (index: number) => bytes[index] as number
  bytes[6] = (at(6) & 0x0f) | 0x40
  bytes[8] = (at(8) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
