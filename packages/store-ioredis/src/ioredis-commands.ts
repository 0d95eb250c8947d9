import { Buffer } from 'node:buffer'
import type { RedisCommandName, RedisCommands } from '@tegata/store-redis'

/** What is used of an ioredis client (5 or 6), as far as ioredis' own types tell. */
export interface IoredisClient {
  getBuffer(key: string): Promise<unknown>
  readonly options?: { readonly keyPrefix?: string | undefined }
}

/** Every command has a method of this form, though few are in ioredis' types. */
type Methods = Record<
  `${Lowercase<RedisCommandName>}Buffer`,
  (...args: (string | Buffer)[]) => Promise<unknown>
>

export function ioredisCommands(client: IoredisClient): RedisCommands {
  const methods = client as unknown as Methods
  if (typeof methods?.evalshaBuffer !== 'function') {
    throw new TypeError('The first argument of ioredisStore() must be a client of ioredis.')
  }
  return {
    async send(_key, [command, ...args]) {
      // Not callBuffer(): with automatic pipelining it loses the command's name, and the process with it.
      const method = `${command.toLowerCase() as Lowercase<RedisCommandName>}Buffer` as const
      return methods[method](...args.map(writable))
    },
    // By name: the application's copy of ioredis has classes of its own.
    isErrorReply: (error): error is Error => error instanceof Error && error.name === 'ReplyError',
    keyPrefix: client.options?.keyPrefix,
  }
}

/** ioredis would send any other bytes as their digits. */
const writable = (argument: string | Uint8Array) =>
  typeof argument === 'string'
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
