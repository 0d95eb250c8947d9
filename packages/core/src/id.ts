import { base64url } from './bytes.ts'

/** 192 random bits, as 32 characters of base64url. */
const ID_BYTES = 24

export const ID_PATTERN = /^[\w-]{32}$/

export const createId = (random: (bytes: number) => Uint8Array): string => base64url(random(ID_BYTES))

/** Asking the runtime costs more than the bytes: so many are fetched at a time. */
const POOL_BYTES = 2048
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** From the runtime's own CSPRNG; no byte is handed out twice, and none stays in memory here. */
export function randomBytes(bytes: number): Uint8Array {
  if (bytes > POOL_BYTES) return crypto.getRandomValues(new Uint8Array(bytes))
  if (used + bytes > POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const taken = pool.slice(used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return taken
}
