/** Every command that clients send; scripts call a few more. */
export type RedisCommandName = 'GET' | 'EXISTS' | 'UNLINK' | 'EVAL' | 'EVALSHA' | 'SCAN' | 'PING' | 'CLUSTER'

/** A command and its arguments; bytes are sent as they are, texts as UTF-8. */
export type RedisArguments = readonly [command: RedisCommandName, ...args: (string | Uint8Array)[]]

/** A command for the primary that holds `key`. */
export interface RedisCall {
  key: string
  args: RedisArguments
}

/** What a primary and its replicas answered to calls and to the WAIT behind them. */
export interface Confirmation {
  replies: readonly unknown[]
  /** How many replicas have everything up to the last write of these calls. */
  replicas: number
}

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
  /** Of a Cluster: a name for the primary that the client takes a slot to be on; `undefined` where it does not know yet. */
  primaryOfSlot?(slot: number): string | undefined
  /**
   * Of a Cluster: makes the client ask anew who holds what, the slot of `key` being in doubt. A primary that hangs tells nobody
   * that another one has taken over, and clients ask of their own accord only when a connection ends.
   */
  rediscover?(key: string): Promise<unknown>
  /**
   * Sends calls to a primary (named as by `primaryOfSlot`) and right behind them WAIT for that many replicas or milliseconds, as
   * one pipeline to one server: what another one's replicas have says nothing of these calls. On a connection of its own, as
   * WAIT holds up whatever comes behind it. Rejects where any of the calls does.
   */
  confirm?(
    primary: string | undefined,
    calls: readonly RedisCall[],
    replicas: number,
    milliseconds: number,
  ): Promise<Confirmation>
  /** Whether the application has connected the client, and has not closed it. Default: it has. */
  isOpen?(): boolean
  /**
   * Opens a connection of its own to one primary: of a Cluster to the one that the hooks name, else to the one that the client
   * speaks to at present. Throws or rejects while the client itself is not connected.
   */
  connect?(hooks: ConnectionHooks): RedisConnection
}

/** A primary of a Cluster as its nodes call it; clients may have to map that. */
export interface RedisNode {
  /** Empty where a node does not know its own. */
  host: string
  port: number
  /** A name that the node announces beside its address. */
  hostname?: string
}

export interface ConnectionHooks {
  node?: RedisNode
  /** What changed, as Redis' invalidation messages say: keys, or `null` for all of them. */
  invalidated(keys: readonly unknown[] | null): void
  /** The connection has ended, for this error. Without one the client has, or it may speak to another server from now on. */
  closed(error?: unknown): void
}

/** A connection to one server for its whole life: it does not reconnect, and keeps nothing to be sent later. */
export interface RedisConnection {
  /** Rejects when it cannot be opened. */
  readonly ready: Promise<void>
  send(args: readonly string[]): Promise<unknown>
  /**
   * Where invalidations come as messages of a channel (RESP2): subscribes to it. From then on only PING may be sent. Where they come
   * as pushes (RESP3) there is none.
   */
  subscribe?(channel: string): Promise<unknown>
  /** At any time, also before it is ready; once or more. */
  close(): void
}
