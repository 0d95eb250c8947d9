import { Buffer } from 'node:buffer'
import type { RedisCommands } from '@tegata/store-redis'

/**
 * What is used of a node-redis client (5 or 6), as far as its own types tell: one of `createClient`, `createClientPool`,
 * `createCluster` or `createSentinel`.
 */
export interface NodeRedisClient {
  sendCommand(...args: never[]): Promise<unknown>
  withTypeMapping(...args: never[]): unknown
}

type Argument = string | Buffer
type Send = (key: string | undefined, args: Argument[]) => Promise<unknown>

interface Single {
  sendCommand(args: Argument[], options: typeof asBytes): Promise<unknown>
}

interface Pool extends Single {
  execute<T>(use: (client: Single) => Promise<T>): Promise<T>
}

interface Cluster {
  sendCommand(
    key: string | undefined,
    isReadonly: boolean,
    args: Argument[],
    options: typeof asBytes,
  ): Promise<unknown>
  readonly masters: readonly unknown[]
  nodeClient(node: unknown): Promise<Single>
}

interface Sentinel {
  sendCommand(isReadonly: boolean, args: Argument[], options: typeof asBytes): Promise<unknown>
  use<T>(use: (client: Sentinel) => Promise<T>): Promise<T>
}

interface Duplicable {
  duplicate(overrides?: object): Duplicable & NodeRedisClient
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: string, listener: () => void): unknown
}

/** node-redis' `RESP_TYPES.BLOB_STRING`: the first byte of such a reply. */
const BLOB_STRING = 36
const asBytes = { typeMapping: { [BLOB_STRING]: Buffer } } as const

const isCluster = (client: object): client is Cluster => 'masters' in client && 'nodeClient' in client
const isSentinel = (client: object): client is Sentinel => 'getSentinelNode' in client
const isPool = (client: object): client is Pool => 'execute' in client && !('duplicate' in client)

export function nodeRedisCommands(client: NodeRedisClient): RedisCommands {
  if (typeof client?.withTypeMapping !== 'function') {
    throw new TypeError('The first argument of nodeRedisStore() must be a client of node-redis.')
  }
  refuseReplica(client)
  const commands = { ...commandsOf(senderOf(client)), confirm: confirmations(client) }
  if (!isCluster(client)) return commands
  return {
    ...commands,
    primaries: async () => {
      const nodes = await Promise.all(client.masters.map((node) => client.nodeClient(node)))
      return nodes.map((node) => commandsOf((_key, args) => node.sendCommand(args, asBytes)))
    },
  }
}

const commandsOf = (send: Send): RedisCommands => ({
  send: async (key, args) => send(key, args.map(writable)),
  isErrorReply,
})

/** As the option says that is for a replica of a Cluster alone. A pool does not tell its options. */
function refuseReplica(client: NodeRedisClient): void {
  const { options } = client as { options?: { readonly readonly?: boolean } }
  if (options?.readonly) {
    throw new TypeError(
      'The client of nodeRedisStore() reads from a replica (its option `readonly`), and one that lags would look like a logout: give it a client of its own.',
    )
  }
}

/** Never as a read: node-redis may be set up to send those to replicas, and one that lags would look like a logout. */
function senderOf(client: object): Send {
  if (isCluster(client)) return (key, args) => client.sendCommand(key, false, args, asBytes)
  if (isSentinel(client)) return (_key, args) => client.sendCommand(false, args, asBytes)
  return (_key, args) => (client as Single).sendCommand(args, asBytes)
}

/** node-redis would send any other bytes as their digits. */
const writable = (argument: string | Uint8Array): Argument =>
  typeof argument === 'string'
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)

/**
 * By the code that begins every error of a server: the names of node-redis' classes differ between its copies and may be mangled
 * by a bundler. Its own errors are sentences; those of sockets have a `code`.
 */
const isErrorReply = (error: unknown): error is Error =>
  error instanceof Error && !('code' in error) && /^[A-Z]{2,} /.test(error.message)

/**
 * WAIT on a connection of its own, opened at the first use. A pool lends one; Sentinel clients of node-redis 5 have none to
 * spare but with a `masterPoolSize` of 2 or more.
 */
function confirmations(client: NodeRedisClient): NonNullable<RedisCommands['confirm']> {
  let opening: Promise<NodeRedisClient> | undefined
  async function open(original: Duplicable): Promise<NodeRedisClient> {
    const duplicate = original.duplicate(isSentinel(original) ? { masterPoolSize: 1 } : undefined)
    // The client of the application tells the application.
    duplicate.on('error', () => {})
    const close = () => {
      opening = undefined
      if (duplicate.isOpen) duplicate.destroy()
    }
    for (const event of ['end', 'disconnect']) original.on(event, close)
    await duplicate.connect()
    return duplicate
  }
  return async (key, replicas, milliseconds) => {
    const ask = async (send: Send) => {
      // WAIT counts from the last command of its connection.
      const wait = ['WAIT', String(replicas), String(milliseconds)]
      const [, confirmed] = await Promise.all([send(key, ['EXISTS', key]), send(key, wait)])
      return Number(confirmed)
    }
    if (isPool(client)) return client.execute((one) => ask(senderOf(one)))
    if (!('duplicate' in client)) {
      return (client as unknown as Sentinel).use((lease) =>
        ask((_key, args) => lease.sendCommand(false, args, asBytes)),
      )
    }
    opening ??= open(client as unknown as Duplicable).catch((error) => {
      opening = undefined
      throw error
    })
    return ask(senderOf(await opening))
  }
}
