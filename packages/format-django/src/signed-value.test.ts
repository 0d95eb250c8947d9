import { describe, expect, test } from 'vitest'
import { readDatabaseValue, readSignedCookie } from './signed-value.ts'
import vectors from './testing/fixtures/django-vectors.json' with { type: 'json' }

const SECRET = 's3cret-key'
const [{ encoded: signed, time } = { encoded: '', time: 0 }] = vectors.db_encode
const refused = expect.objectContaining({ code: 'SESSION_VALUE_INVALID' })

describe('what Django signed', () => {
  test.each(vectors.db_encode)('is read from the database: $encoded', ({ encoded, value }) => {
    expect(readDatabaseValue(encoded, SECRET)).toEqual(value)
    expect(readDatabaseValue(encoded, ['new', SECRET])).toEqual(value)
  })

  test.each(vectors.signed_cookie)('is read from a cookie: $cookie', ({ cookie, value }) => {
    expect(readSignedCookie(cookie, SECRET)).toEqual(value)
  })

  test('for one place does not count in the other', () => {
    expect(() => readSignedCookie(signed, SECRET)).toThrow(refused)
  })

  test('does not count with another secret, with any character changed, or cut off anywhere', () => {
    expect(() => readDatabaseValue(signed, ['new', 'old'])).toThrow(refused)
    for (let at = 0; at < signed.length; at++) {
      const changed = signed.slice(0, at) + (signed[at] === 'x' ? 'y' : 'x') + signed.slice(at + 1)
      expect(() => readDatabaseValue(changed, SECRET), changed).toThrow(refused)
      expect(() => readDatabaseValue(signed.slice(0, at), SECRET)).toThrow(refused)
    }
  })

  test('counts no longer than it may', () => {
    const at = (seconds: number) => ({ maxAge: 60, now: () => (time + seconds) * 1000 })
    expect(readDatabaseValue(signed, SECRET, at(60))).toEqual({ a: 1 })
    expect(() => readDatabaseValue(signed, SECRET, at(61))).toThrow(refused)
  })
})
