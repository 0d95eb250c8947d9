import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64url, fromBase64url, fromUtf8, pureBase64url, sameInConstantTime, utf8 } from './bytes.ts'

describe('base64url', () => {
  test('writes what RFC 4648 §5 says, without padding, and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = base64url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(pureBase64url(bytes)).toBe(text)
        expect(fromBase64url(text)).toEqual(bytes)
      }),
    )
  })

  test('writes a megabyte', () => {
    const bytes = crypto.getRandomValues(new Uint8Array(65_536))
    const large = new Uint8Array(16 * bytes.length)
    for (let i = 0; i < 16; i++) large.set(bytes, i * bytes.length)
    expect(pureBase64url(large)).toBe(Buffer.from(large).toString('base64url'))
  })

  test('refuses what is not base64url', () => {
    expect(() => fromBase64url('a b!')).toThrow()
  })

  test.each(['AB', 'AAB', 'AA=='])(
    'refuses %s, which says in other characters what another text says',
    (text) => {
      expect(() => fromBase64url(text)).toThrow(TypeError)
    },
  )
})

describe('UTF-8', () => {
  test('keeps every text, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(utf8('\uFEFFx'))).toBe('\uFEFFx')
  })

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]]])('refuses the bytes %j, which are none', (bytes) => {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError)
  })
})

test('texts are the same in constant time exactly when they are the same', () => {
  const text = fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', 'é') })
  fc.assert(fc.property(text, text, (a, b) => sameInConstantTime(a, b) === (a === b)))
})
