import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hmacOf, pureHmacOf, pureSha256Of, sha256Of } from './digest.ts'
import { nodeCrypto } from './native-code.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })

describe('a digest', () => {
  test('is the same whether the runtime has one of its own or not', () => {
    expect(nodeCrypto).toBeDefined()
    fc.assert(
      fc.property(text, (value) => {
        const expected = createHash('sha256').update(value).digest('base64url')
        expect([sha256Of(value), pureSha256Of(value)]).toEqual([expected, expected])
      }),
    )
  })

  test('with a key is the same whether the runtime has one of its own or not', () => {
    fc.assert(
      fc.property(text, text, (key, value) => {
        const expected = createHmac('sha256', key).update(value).digest('base64url')
        expect([hmacOf(key, value), pureHmacOf(key, value)]).toEqual([expected, expected])
      }),
    )
  })
})
