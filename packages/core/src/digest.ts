import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64url, utf8 } from './bytes.ts'
import { nodeCrypto } from './native-code.ts'

const { hash, createHmac } = nodeCrypto ?? {}

/** SHA-256 of a text (FIPS 180-4), base64url. */
export const sha256Of: (text: string) => string = hash
  ? (text) => hash('sha256', text, 'base64url')
  : pureSha256Of

/** HMAC-SHA256 of a text (RFC 2104), base64url. */
export const hmacOf: (key: string, text: string) => string = createHmac
  ? (key, text) => createHmac('sha256', key).update(text).digest('base64url')
  : pureHmacOf

/** On any runtime. */
export function pureSha256Of(text: string): string {
  return base64url(sha256(utf8(text)))
}

/** On any runtime. */
export function pureHmacOf(key: string, text: string): string {
  return base64url(hmac(sha256, utf8(key), utf8(text)))
}
