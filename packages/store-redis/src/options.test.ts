import { expect, test } from 'vitest'
import { nearCache, type RedisCommands, redisStore } from './index.ts'

const commands: RedisCommands = { send: async () => null, isErrorReply: (_): _ is Error => false }
const watched = redisStore({ ...commands, connect: () => Promise.reject(new Error('none')) } as never)

test.each<[string, object]>([
  ['now', { now: 0 }],
  ['commandTimeout', { commandTimeout: '5' }],
  ['commandTimout', { commandTimout: 1 }],
  ['durability.timout', { durability: { replicas: 1, timout: 1 } }],
])('redisStore() refuses the option %s by its name: %j', (name, options) => {
  expect(() => redisStore(commands, options)).toThrow(`\`${name}\``)
})

test('redisStore() refuses what describes no client', () => {
  for (const client of [undefined, {}, { send: 'GET' }]) {
    expect(() => redisStore(client as never)).toThrow('The first argument of redisStore()')
  }
})

test.each<[string, object]>([
  ['now', { now: 0 }],
  ['maxstale', { maxstale: 0.1 }],
  ['maxBytes', { maxBytes: '64' }],
])('nearCache() refuses the option %s by its name: %j', (name, options) => {
  expect(() => nearCache(watched, options)).toThrow(`\`${name}\``)
})

test('options that are undefined have their defaults', () => {
  const unset = { now: undefined, commandTimeout: undefined, durability: undefined }
  expect(() => redisStore(commands, unset as never)).not.toThrow()
  const near = nearCache(watched, { prefix: undefined, maxStale: undefined, now: undefined } as never)
  near.close()
})
