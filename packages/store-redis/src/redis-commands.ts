/** Every command that clients send; scripts call a few more. */
export type RedisCommandName = 'GET' | 'UNLINK' | 'EVAL' | 'EVALSHA' | 'SCAN' | 'PING'

/** A command and its arguments; bytes are sent as they are, texts as UTF-8. */
export type RedisArguments = readonly [command: RedisCommandName, ...args: (string | Uint8Array)[]]

/** All that this package asks of a Redis client. */
export interface RedisCommands {
  /**
   * Sends one command to the primary that holds `key` (`undefined`: any) and answers its reply: bulk strings as bytes
   * (`Uint8Array` or a subclass), integers as numbers, arrays as arrays, nothing as `null`. Rejects with what the client
   * rejects with.
   */
  send(key: string | undefined, args: RedisArguments): Promise<unknown>
  /** Whether the server answered with this error, its code first in the message; any other left a command's fate open. */
  isErrorReply(error: unknown): error is Error
  /** What the client puts before every key of its own accord. Default `''`. */
  readonly keyPrefix?: string | undefined
  /** Of a Cluster: its primaries, each by itself. Where it is there, two keys are taken to lie on two of them. */
  primaries?(): Promise<readonly RedisCommands[]>
  /**
   * How many replicas have everything that the primary of `key` did before this call, once `replicas` of them have or the
   * milliseconds are over: WAIT, on a connection of its own, as it holds up whatever comes behind it.
   */
  confirm?(key: string, replicas: number, milliseconds: number): Promise<number>
}
