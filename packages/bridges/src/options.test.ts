import { memoryStore } from '@tegata/store-memory'
import session from 'express-session'
import { describe, expect, test } from 'vitest'
import type { BridgeOptions } from './index.ts'
import { expressSessionStore, fastifySessionStore, koaSessionStore } from './index.ts'

const bridges: [string, (options: BridgeOptions) => unknown][] = [
  ['expressSessionStore()', (options) => expressSessionStore(session.Store, memoryStore(), options)],
  ['koaSessionStore()', (options) => koaSessionStore(memoryStore(), options)],
  ['fastifySessionStore()', (options) => fastifySessionStore(memoryStore(), options)],
]

describe.each(bridges)('%s', (_, bridge) => {
  test.each([
    ['prefix', 1],
    ['prefix', null],
    ['ttl', '86400'],
    ['ttl', 0],
    ['ttl', Number.NaN],
    ['storeTimeout', 0],
    ['storeTimeout', -1],
    ['storeTimeout', '5'],
    ['storeTimeout', 2_147_484],
    ['storeTimeout', Number.NaN],
    ['storeTimeout', Number.POSITIVE_INFINITY],
    ['identityKeys', 'passport'],
    ['onEvent', 'log'],
    ['client', {}],
  ])('refuses the option %s: %o by its name', (name, value) => {
    expect(() => bridge({ [name]: value })).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(`\`${name}\``) }),
    )
  })
})

test('expressSessionStore() refuses a disableTouch that is neither true nor false', () => {
  const options = { disableTouch: 'false' as unknown as boolean }
  expect(() => expressSessionStore(session.Store, memoryStore(), options)).toThrow(/`disableTouch`/)
})

test('an option that is undefined has its default: sessions live for a day', async () => {
  const store = memoryStore()
  const unset = { prefix: undefined, ttl: undefined, storeTimeout: undefined, onEvent: undefined }
  const bridge = koaSessionStore(store, unset as unknown as BridgeOptions)
  await bridge.set('an-id', { views: 1 })
  expect(await bridge.get('an-id')).toEqual({ views: 1 })
  expect(await store.read('an-id')).toMatchObject({ value: expect.anything() })
})
