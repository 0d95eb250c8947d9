import { base64url } from './bytes.ts'

/** 192 random bits, as 32 characters of base64url. */
const ID_BYTES = 24

export const ID_PATTERN = /^[\w-]{32}$/

export const createId = (random: (bytes: number) => Uint8Array): string => base64url(random(ID_BYTES))

/** The runtime's own CSPRNG. */
export const randomBytes = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))
