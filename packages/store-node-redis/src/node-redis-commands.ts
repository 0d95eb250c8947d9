import { Buffer } from 'node:buffer'
import type { ConnectionHooks, RedisCommands } from '@tegata/store-redis'
import type { NodeRedisClient } from './node-redis-client.ts'
import { nodeRedisConnection } from './node-redis-connection.ts'
import { endingOf } from './node-redis-ending.ts'
import { isNodeRedis5, refuseQueue, waiting } from './node-redis-queue.ts'

type Argument = string | Buffer
type Send = (key: string | undefined, args: Argument[]) => Promise<unknown>

interface Single {
  sendCommand(args: Argument[], options: typeof asBytes): Promise<unknown>
  multi(): Pipeline<[args: Argument[]]>
}

interface Configurable extends Single {
  readonly isReady: boolean
  withTypeMapping(mapping: typeof asBytes.typeMapping): Configurable
  withCommandOptions(options: { typeMapping: typeof asBytes.typeMapping; timeout: undefined }): Single
}

interface Pipeline<Command extends unknown[]> {
  addCommand(...command: Command): unknown
  /** All or none on one connection, as `exec()`, but no transaction: in one WAIT would not wait. */
  execAsPipeline(): Promise<unknown[]>
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
  readonly masters: readonly Node[]
  readonly slots: readonly ({ readonly master: Node } | undefined)[]
  nodeClient(node: Node): Promise<Single>
}

interface Node {
  readonly address: string
}

interface Sentinel {
  sendCommand(isReadonly: boolean, args: Argument[], options: typeof asBytes): Promise<unknown>
  use<T>(use: (client: Sentinel) => Promise<T>): Promise<T>
  multi(): Pipeline<[isReadonly: boolean, args: Argument[]]>
}

interface Duplicable {
  duplicate(overrides?: object): Duplicate
}

interface Duplicate extends Single {
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

/**
 * A client of node-redis as `redisStore` takes it. Throws a `TypeError` for anything else, for one that reads from a replica, and for one
 * of node-redis 5 that queues commands while it is offline.
 */
export function nodeRedisCommands(client: NodeRedisClient): RedisCommands {
  if (typeof client?.withTypeMapping !== 'function') {
    throw new TypeError('The first argument of nodeRedisStore() must be a client of node-redis.')
  }
  refuseReplica(client)
  refuseQueue(client)
  const commands: RedisCommands = {
    ...commandsOf(isNodeRedis5(client) ? waiting(senderOf(client)) : senderOf(client)),
    confirm: confirmations(client),
    isOpen: () => (client as unknown as Duplicate).isOpen,
    // Sentinel clients of node-redis 5 cannot be duplicated.
    ...(('duplicate' in client || isPool(client)) && {
      connect: (hooks: ConnectionHooks) => nodeRedisConnection(client, hooks),
    }),
  }
  if (!isCluster(client)) return commands
  return {
    ...commands,
    primaryOfSlot: (slot) => client.slots[slot]?.master.address,
    // Any node is asked, and answers where the key is: that is what makes node-redis ask for the rest.
    rediscover: (key) => client.sendCommand(undefined, false, ['PTTL', key], asBytes),
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
  if (isPool(client) && isNodeRedis5(client))
    return (_key, args) => client.execute((one) => sendUnqueued(one, args))
  if (isPool(client)) return (_key, args) => client.sendCommand(args, asBytes)
  return senderOfOne(client as Configurable)
}

/** Only the clients that it lends tell their options. */
async function sendUnqueued(client: Single, args: Argument[]): Promise<unknown> {
  refuseQueue(client)
  return client.sendCommand(args, asBytes)
}

/**
 * By the same client, whose own options have the mapping already. node-redis copies them for each command and adds what the command
 * says; where that adds a member, Node 20 gives each copy a shape of its own, and looks up all its members anew.
 * node-redis 6 also gives each command a timer, which takes effect until the command is written: those of a connection that is ready are
 * written in the same turn of the event loop. A client that an application has wrapped stays in its wrapper.
 */
function senderOfOne(client: Configurable): Send {
  const mapped = client.withTypeMapping(asBytes.typeMapping)
  if (mapped.sendCommand !== client.sendCommand) return (_key, args) => client.sendCommand(args, asBytes)
  const untimed = client.withCommandOptions({ ...asBytes, timeout: undefined })
  return (_key, args) => (client.isReady ? untimed : mapped).sendCommand(args, asBytes)
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
 * WAIT on a connection of its own, opened at the first use: in a Cluster one per primary. A pool lends one; Sentinel clients of
 * node-redis 5 have none to spare but with a `masterPoolSize` of 2 or more.
 */
function confirmations(client: NodeRedisClient): NonNullable<RedisCommands['confirm']> {
  const connections = new Map<string | undefined, Promise<Duplicate>>()
  /** Those that are still being opened as well: to a server that stays away that takes for ever. */
  const endings = new Set<() => void>()
  let isWatched = false

  /** They end with the client they were made from. */
  function watch(): void {
    if (isWatched) return
    isWatched = true
    const closeAll = () => {
      for (const end of endings) end()
      endings.clear()
      connections.clear()
    }
    for (const event of ['end', 'disconnect']) (client as unknown as Duplicate).on(event, closeAll)
  }

  function connection(name: string | undefined, original: () => Promise<Duplicable>): Promise<Duplicate> {
    const opened = connections.get(name) ?? open(name, original)
    connections.set(name, opened)
    opened.catch(() => connections.delete(name))
    return opened
  }

  async function open(name: string | undefined, original: () => Promise<Duplicable>): Promise<Duplicate> {
    watch()
    const one = await original()
    if (!(client as unknown as Duplicate).isOpen) throw new Error('The client was closed meanwhile.')
    const duplicate = one.duplicate(isSentinel(one) ? { masterPoolSize: 1 } : undefined)
    const end = endingOf(duplicate)
    // The client of the application tells the application.
    duplicate.on('error', () => {
      if (!isCluster(client)) return
      // This primary may never come back.
      connections.delete(name)
      endings.delete(end)
      end()
    })
    endings.add(end)
    await duplicate.connect()
    return duplicate
  }

  return async (primary, calls, replicas, milliseconds) => {
    const commands = calls.map(({ args }) => args.map(writable))
    commands.push(['WAIT', String(replicas), String(milliseconds)])
    const replies = await ask(primary, commands)
    return { replicas: Number(replies.pop()), replies }
  }

  async function ask(primary: string | undefined, commands: Argument[][]): Promise<unknown[]> {
    if (isPool(client)) return client.execute((one) => inOnePipeline(one, commands))
    if (isCluster(client)) {
      const node = client.masters.find(({ address }) => address === primary)
      if (!node) throw new Error('The cluster has another primary by now.')
      const original = async () => (await client.nodeClient(node)) as Single & Duplicable
      return inOnePipeline(await connection(primary, original), commands)
    }
    if (!('duplicate' in client)) {
      return (client as unknown as Sentinel).use((lease) => inOnePipelineOf(lease, commands))
    }
    const duplicate = await connection(primary, async () => client as unknown as Duplicable)
    return isSentinel(duplicate) ? inOnePipelineOf(duplicate, commands) : inOnePipeline(duplicate, commands)
  }
}

/** Sent one by one they might be answered by two servers, one before a failover and one after it. */
function inOnePipeline(client: Single, commands: Argument[][]): Promise<unknown[]> {
  const pipeline = client.multi()
  for (const args of commands) pipeline.addCommand(args)
  return pipeline.execAsPipeline()
}

function inOnePipelineOf(sentinel: Sentinel, commands: Argument[][]): Promise<unknown[]> {
  const pipeline = sentinel.multi()
  for (const args of commands) pipeline.addCommand(false, args)
  return pipeline.execAsPipeline()
}
