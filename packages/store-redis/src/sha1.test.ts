import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pureSha1Hex, sha1Hex } from './sha1.ts'

test('SHA-1 is the one of FIPS 180-4, in native code as on any runtime', () => {
  for (const hex of [sha1Hex, pureSha1Hex]) {
    expect(hex(new TextEncoder().encode('abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
  }
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(sha1Hex(a, b)).toBe(pureSha1Hex(a, b))
      expect(sha1Hex(a, b)).toBe(sha1Hex(new Uint8Array([...a, ...b])))
    }),
  )
})
