import { hmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { sameInConstantTime, utf8 } from '@tegata/core'

const hashes = { sha1, sha256 }

export type Algorithm = keyof typeof hashes

export interface Signer {
  /** The signature with the first secret, base64 without padding. */
  sign(text: string): string
  /** Whether one of the secrets made the signature, in constant time for each. */
  verify(text: string, signature: string): boolean
}

/** HMAC signatures as `cookie-signature`, `keygrip` and `@fastify/cookie` make them. */
export function createSigner(secrets: readonly string[], algorithm: Algorithm = 'sha256'): Signer {
  if (!Object.hasOwn(hashes, algorithm)) {
    throw new TypeError("The option `algorithm` of a transport must be 'sha1' or 'sha256'.")
  }
  // What depends on the secret alone is hashed once.
  const macs = secrets.map((secret) => hmac.create(hashes[algorithm], utf8(secret)))
  const signature = (mac: (typeof macs)[number], text: string) =>
    base64(mac.clone().update(utf8(text)).digest())
  return {
    sign(text) {
      const [first] = macs
      if (!first) throw new TypeError('A signed cookie needs the option `cookie.secrets`.')
      return signature(first, text)
    },
    verify: (text, given) =>
      macs.map((mac) => sameInConstantTime(given, signature(mac, text))).includes(true),
  }
}

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replace(/=+$/, '')
