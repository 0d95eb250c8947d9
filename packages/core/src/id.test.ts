import { createHash } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { handleOf } from './handle.ts'
import { createId, ID_PATTERN, randomBytes } from './id.ts'
import { nativeFormat } from './native-format.ts'

describe('a session id', () => {
  test('is 192 bits of the CSPRNG it is given, and nothing else', () => {
    const random = vi.spyOn(Math, 'random')
    const asked: number[] = []
    const id = createId((bytes) => {
      asked.push(bytes)
      return new Uint8Array(bytes).fill(255)
    })
    expect(asked).toEqual([24])
    expect(Buffer.from(id, 'base64url')).toEqual(Buffer.alloc(24, 255))
    expect(random).not.toHaveBeenCalled()
    random.mockRestore()
  })

  test('is unlike any other of 200,000', () => {
    const ids = new Set(Array.from({ length: 200_000 }, () => createId(randomBytes)))
    expect(ids.size).toBe(200_000)
    for (const id of ids) if (!ID_PATTERN.test(id)) expect.fail(id)
  })

  test('is known at rest by a hash that is no id, and that leads back to none', () => {
    const { keyOf, isId } = nativeFormat()
    const id = createId(randomBytes)
    const key = keyOf(id)
    const hash = createHash('sha256').update(id).digest('base64url')
    expect(key).toBe(`tegata:${hash.slice(0, 36)}`)
    expect(isId(key.slice('tegata:'.length))).toBe(false)
  })

  test('has a handle that begins its key, so that a log line leads to the session', () => {
    const id = createId(randomBytes)
    expect(
      nativeFormat()
        .keyOf(id)
        .startsWith(`tegata:${handleOf(id)}`),
    ).toBe(true)
    expect(handleOf(id)).toMatch(/^[\w-]{12}$/)
  })
})
