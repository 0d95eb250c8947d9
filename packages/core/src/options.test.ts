import { describe, expect, test } from 'vitest'
import { resolveOptions, type SessionOptions } from './options.ts'
import { createSessions } from './sessions.ts'
import { MapStore } from './testing.ts'

const store = new MapStore(Date.now)
const resolve = (options: object) => resolveOptions({ store, ...options } as SessionOptions)

describe('the options of createSessions()', () => {
  test('need a store and nothing else', () => {
    expect(resolve({})).toMatchObject({ idleTimeout: 86_400, absoluteTimeout: 2_592_000, storeTimeout: 5 })
    expect(() => resolveOptions({} as SessionOptions)).toThrow('The option `store` of createSessions() must')
  })

  test('may be given as undefined', () => {
    expect(resolve({ idleTimeout: undefined, format: undefined, cookie: undefined })).toEqual(
      expect.objectContaining({ idleTimeout: 86_400, format: expect.objectContaining({ name: 'native' }) }),
    )
  })

  test.each<[string, unknown]>([
    ['store', {}],
    ['format', {}],
    ['idleTimeout', 0],
    ['idleTimeout', '1h'],
    ['idleTimeout', Number.NaN],
    ['idleTimeout', Number.POSITIVE_INFINITY],
    ['absoluteTimeout', -1],
    ['absoluteTimeout', true],
    ['rolling', 1],
    ['touchAfter', -1],
    ['transport', {}],
    ['storeTimeout', 0],
    ['storeTimeout', 2_147_484],
    ['onStoreError', 'ignore'],
    ['onInvalid', 'ignore'],
    ['onConflict', 'ignore'],
    ['identityKeys', 'user'],
    ['schema', {}],
    ['schema', null],
    ['maxBytes', 0],
    ['onEvent', {}],
    ['now', 0],
    ['random', 0],
  ])('refuse `%s: %j`, by name', (name, value) => {
    expect(() => resolve({ [name]: value })).toThrow(`The option \`${name}\` of createSessions() must`)
  })

  test.each<[string, object]>([
    ['cookie', { cookie: 'sid' }],
    ['cookie.path', { cookie: { path: 'app' } }],
    ['cookie.path', { cookie: { path: '' } }],
    ['cookie.prefix', { cookie: { prefix: 'false' } }],
    ['cookie.partitioned', { cookie: { partitioned: 0 } }],
    ['encryption.keys', { encryption: null }],
  ])('refuse what no %s can be: %j', (name, options) => {
    expect(() => resolve(options)).toThrow(`The option \`${name}\` must`)
  })

  test('refuse a name they do not know, so that a typing error is no default', () => {
    expect(() => resolve({ idleTimout: 5 })).toThrow('Unknown option `idleTimout` of createSessions().')
    expect(() => resolve({ cookie: { samesite: 'lax' } })).toThrow('Unknown option `cookie.samesite`.')
  })

  test('are asked for where none are given', () => {
    expect(() => createSessions(undefined as never)).toThrow('The option `store` of createSessions() must')
  })

  test('refuse to encrypt in a format that others must be able to read', () => {
    const { withCipher: _, ...format } = resolve({}).format
    expect(() => resolve({ format, encryption: { keys: ['k'.repeat(32)] } })).toThrow(
      "The option `encryption` needs the native format; others must be able to read 'native'.",
    )
  })
})
