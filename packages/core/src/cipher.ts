import { gcm } from '@noble/ciphers/aes.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64url, fromBase64url, utf8 } from './bytes.ts'
import { SessionValueError } from './errors.ts'

/** Seals bytes into text and back. `context` is authenticated, not stored: what was sealed elsewhere does not open here. */
export interface Cipher {
  seal(plain: Uint8Array, context: Uint8Array, random: (bytes: number) => Uint8Array): string
  /** Throws a `SessionValueError`. */
  open(sealed: string, context: Uint8Array): Uint8Array
}

export interface EncryptionOptions {
  /**
   * The key ring: the first key encrypts, every key decrypts; put a new key in front and remove the old one after
   * `absoluteTimeout`. Each at least 32 bytes: random bytes, or a text of at least 32 characters.
   */
  keys: readonly (string | Uint8Array)[]
}

const NONCE_BYTES = 12
const MIN_KEY_BYTES = 32

/** AES-256-GCM (NIST SP 800-38D) with a random nonce a value, keys derived by HKDF-SHA256 (RFC 5869). */
export function createCipher(options: EncryptionOptions): Cipher {
  const keys = options?.keys
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new TypeError('The option `encryption.keys` must be an array of at least one key.')
  }
  const ring = new Map(keys.map(deriveKey))
  const [current] = ring as unknown as [[string, Uint8Array]]

  return {
    seal(plain, context, random) {
      const [name, key] = current
      const nonce = random(NONCE_BYTES)
      const sealed = gcm(key, nonce, context).encrypt(plain)
      const both = new Uint8Array(nonce.length + sealed.length)
      both.set(nonce)
      both.set(sealed, nonce.length)
      return `${name}.${base64url(both)}`
    },

    open(sealed, context) {
      const [name = '', text = ''] = sealed.split('.')
      const key = ring.get(name)
      if (!key)
        throw new SessionValueError('The stored session is encrypted with a key that is not in the ring.')
      try {
        const both = fromBase64url(text)
        return gcm(key, both.slice(0, NONCE_BYTES), context).decrypt(both.slice(NONCE_BYTES))
      } catch (cause) {
        throw new SessionValueError('The stored session cannot be decrypted.', { cause })
      }
    },
  }
}

/** The key's name lets the ring find it; it is derived from the key, and tells nothing about it. */
function deriveKey(given: string | Uint8Array): [string, Uint8Array] {
  const material = typeof given === 'string' ? utf8(given) : given
  if (!(material instanceof Uint8Array) || material.length < MIN_KEY_BYTES) {
    throw new TypeError(
      `Each of \`encryption.keys\` must be a string or bytes of at least ${MIN_KEY_BYTES} bytes.`,
    )
  }
  const key = hkdf(sha256, material, undefined, utf8('tegata session encryption'), 32)
  const name = base64url(hkdf(sha256, material, undefined, utf8('tegata session key name'), 6))
  return [name, key]
}
