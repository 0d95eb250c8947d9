import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes.ts'
import { createCipher } from './cipher.ts'
import { randomBytes } from './id.ts'

const [first, second] = ['first key, thirty-two bytes at least', 'second key, thirty-two bytes at least']
const context = utf8('tegata:key')

describe('encryption', () => {
  test('is AES-256-GCM, as any other implementation of it reads', async () => {
    const sealed = createCipher({ keys: [first] }).seal(utf8('plain'), context, randomBytes)
    const both = Buffer.from(sealed.split('.')[1] ?? '', 'base64url')
    const material = await crypto.subtle.importKey('raw', utf8(first), 'HKDF', false, ['deriveKey'])
    const key = await crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('tegata session encryption') },
      material,
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    )
    const algorithm = { name: 'AES-GCM', iv: both.subarray(0, 12), additionalData: context }
    const plain = await crypto.subtle.decrypt(algorithm, key, both.subarray(12))
    expect(new TextDecoder().decode(plain)).toBe('plain')
  })

  test('never uses a nonce twice', () => {
    const cipher = createCipher({ keys: [first] })
    const nonces = Array.from({ length: 1000 }, () =>
      cipher.seal(utf8('plain'), context, randomBytes).slice(9, 25),
    )
    expect(new Set(nonces).size).toBe(1000)
  })

  test('writes with the first key of the ring and reads with every one', () => {
    const old = createCipher({ keys: [first] })
    const rotated = createCipher({ keys: [second, first] })
    const current = createCipher({ keys: [second] })
    expect(fromUtf8(rotated.open(old.seal(utf8('plain'), context, randomBytes), context))).toBe('plain')
    expect(fromUtf8(current.open(rotated.seal(utf8('plain'), context, randomBytes), context))).toBe('plain')
  })

  test('refuses what was written with a key that left the ring', () => {
    const sealed = createCipher({ keys: [first] }).seal(utf8('plain'), context, randomBytes)
    expect(() => createCipher({ keys: [second] }).open(sealed, context)).toThrow(
      expect.objectContaining({
        code: 'SESSION_VALUE_INVALID',
        message: 'The stored session is encrypted with a key that is not in the ring.',
      }),
    )
  })

  test('takes the bytes of a key as well as its text', () => {
    const sealed = createCipher({ keys: [first] }).seal(utf8('plain'), context, randomBytes)
    expect(fromUtf8(createCipher({ keys: [utf8(first)] }).open(sealed, context))).toBe('plain')
  })

  test.each([
    [[], 'must be an array of at least one key'],
    ['text', 'must be an array of at least one key'],
    [['short'], 'of at least 32 bytes'],
    [[new Uint8Array(31)], 'of at least 32 bytes'],
    [[undefined], 'of at least 32 bytes'],
  ])('cannot be set up with the keys %j', (keys, message) => {
    expect(() => createCipher({ keys: keys as never })).toThrow(message)
  })
})
