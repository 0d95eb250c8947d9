/** Every command that clients send; scripts call a few more. */
export type RedisCommandName = 'GET' | 'UNLINK' | 'EVAL' | 'EVALSHA' | 'SCAN'

/** A command and its arguments; bytes are sent as they are, texts as UTF-8. */
export type RedisArguments = readonly [command: RedisCommandName, ...args: (string | Uint8Array)[]]

/** All that this package asks of a Redis client. */
export interface RedisCommands {
  /**
   * Sends one command to the server that holds `key` (`undefined`: any) and answers its reply: bulk strings as bytes
   * (`Uint8Array` or a subclass), integers as numbers, arrays as arrays, nothing as `null`. Rejects with what the client
   * rejects with.
   */
  send(key: string | undefined, args: RedisArguments): Promise<unknown>
  /** Whether the server answered with this error, its code first in the message; any other left a command's fate open. */
  isErrorReply(error: unknown): error is Error
  /** What the client puts before every key of its own accord. Default `''`. */
  readonly keyPrefix?: string | undefined
}
