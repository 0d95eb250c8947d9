import { expect, test } from 'vitest'
import type { RedisArguments, RedisCommands } from './redis-commands.ts'
import { redisStore } from './redis-store.ts'

test.each([0, Number.NaN, Number.POSITIVE_INFINITY, 2_147_484])(
  'refuses a commandTimeout of %d',
  (commandTimeout) => {
    const commands = { send: async () => null, isErrorReply: () => false } as unknown as RedisCommands
    expect(() => redisStore(commands, { commandTimeout })).toThrow('The option `commandTimeout` must')
  },
)

test('takes commands of a class, whatever that keeps to itself', async () => {
  class Commands {
    readonly #refusal = new Error('WRONGTYPE Operation against a key holding the wrong kind of value')
    readonly keyPrefix = 'p:'
    async send(_key: string | undefined, [command]: RedisArguments): Promise<unknown> {
      if (command !== 'SCAN') throw this.#refusal
      return [Buffer.from('0'), [Buffer.from('p:k')]]
    }
    isErrorReply(error: unknown): error is Error {
      return error === this.#refusal
    }
  }
  const store = redisStore(new Commands())
  expect(await store.read('k')).toMatchObject({ code: 'SESSION_VALUE_INVALID' })
  for await (const key of store.keys('')) expect(key).toBe('k')
})
