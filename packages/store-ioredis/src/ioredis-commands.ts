import { Buffer } from 'node:buffer'
import type { RedisCommandName, RedisCommands } from '@tegata/store-redis'
import type { IoredisClient } from './ioredis-client.ts'
import { ioredisConnection } from './ioredis-connection.ts'

/** Every command has a method of this form, though few are in ioredis' types. */
type Method = `${Lowercase<RedisCommandName>}Buffer`
type Methods<Answer> = Record<Method, (...args: (string | Buffer)[]) => Answer>

/** Looked up once: a name made for each command would be a new string for each. */
const METHODS: Record<RedisCommandName, Method> = {
  GET: 'getBuffer',
  EXISTS: 'existsBuffer',
  UNLINK: 'unlinkBuffer',
  EVAL: 'evalBuffer',
  EVALSHA: 'evalshaBuffer',
  SCAN: 'scanBuffer',
  PING: 'pingBuffer',
  CLUSTER: 'clusterBuffer',
}

/** The connection of the moment; a Cluster has one to each of its servers instead. */
interface Stream {
  readonly writableCorked: number
  cork(): void
  uncork(): void
}

/** What the types of `Redis` and `Cluster` do not have in common. */
interface Client extends Methods<Promise<unknown>> {
  readonly isCluster: boolean
  readonly status: string
  readonly stream?: Stream
  readonly options?: {
    readonly keyPrefix?: string
    readonly scaleReads?: unknown
    readonly role?: string
    readonly readOnly?: boolean
    readonly host?: string
    readonly port?: number
  }
  nodes?(role: 'master'): readonly Client[]
  /** Of a Cluster, by slot: who holds it, the primary first. */
  readonly slots?: readonly (readonly string[] | undefined)[]
  refreshSlotsCache?(callback: (error?: Error | null) => void): void
  duplicate(override: object): Client
  pipeline(): Pipeline
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  disconnect(): void
}

interface Pipeline extends Methods<Pipeline> {
  wait(replicas: number, milliseconds: number): Pipeline
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** A client of ioredis as `redisStore` takes it. Throws a `TypeError` for anything else, and for one that reads from replicas. */
export function ioredisCommands(given: IoredisClient): RedisCommands {
  const client = given as unknown as Client
  if (typeof client?.evalshaBuffer !== 'function') {
    throw new TypeError('The first argument of ioredisStore() must be a client of ioredis.')
  }
  refuseReplicas(client)
  const { keyPrefix } = client.options ?? {}
  const commands: RedisCommands = {
    ...commandsOf(client),
    keyPrefix,
    confirm: confirmations(client),
    isOpen: () => client.status !== 'wait' && client.status !== 'end',
    connect: (hooks) => ioredisConnection(given, hooks),
  }
  if (!client.isCluster) return commands
  return {
    ...commands,
    primaries: () => primariesOf(client),
    primaryOfSlot: (slot) => client.slots?.[slot]?.[0],
    rediscover: () => new Promise((resolve) => client.refreshSlotsCache?.(resolve)),
  }
}

const commandsOf = (client: Client): RedisCommands => ({
  send(_key, args) {
    const operands: (string | Buffer)[] = []
    for (let at = 1; at < args.length; at++) operands.push(writable(args[at] as string | Uint8Array))
    gatherWrites(client.stream)
    // Not callBuffer(): with automatic pipelining it loses the command's name, and the process with it.
    return client[METHODS[args[0]]](...operands)
  },
  isErrorReply,
})

/**
 * By name: the application's copy of ioredis has classes of its own. "Too many Cluster redirections" is none, whatever it quotes:
 * before the last error the reply of one that had done it may have been lost.
 */
const isErrorReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

/**
 * Everything that is sent in one turn of the event loop leaves in one write: each costs more than all the rest of a command, and
 * ioredis makes one per command. Order and replies stay as they are.
 */
function gatherWrites(stream: Stream | undefined): void {
  if (!stream || stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}

/** ioredis would send any other bytes as their digits. */
const writable = (argument: string | Uint8Array) =>
  typeof argument === 'string'
    ? argument
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)

async function primariesOf(cluster: Client): Promise<RedisCommands[]> {
  // Known from the first command on.
  if (!cluster.nodes?.('master').length) await cluster.pingBuffer()
  return (cluster.nodes?.('master') ?? []).map(commandsOf)
}

/** A replica that lags would look like a logout. */
function refuseReplicas({ isCluster, options = {} }: Client): void {
  const { scaleReads = 'master', role, readOnly } = options
  const option = isCluster
    ? scaleReads !== 'master' && 'scaleReads'
    : (role === 'slave' && 'role') || (readOnly && 'readOnly')
  if (option) {
    throw new TypeError(
      `The client of ioredisStore() reads from replicas (its option \`${option}\`), and one that lags would look like a logout: give it a client of its own.`,
    )
  }
}

/**
 * WAIT on a connection of its own, opened at the first use: in a Cluster one per primary, as the client knows them. A second client
 * of the Cluster would not: ioredis learns nothing from pipelines that meet a server which was a primary.
 */
function confirmations(client: Client): NonNullable<RedisCommands['confirm']> {
  const connections = new Map<string | undefined, Client>()
  let isWatched = false

  /** They end with the client they were made from. */
  function watch(): void {
    if (isWatched) return
    isWatched = true
    client.on('end', () => {
      for (const duplicate of connections.values()) duplicate.disconnect()
    })
  }

  function connection(primary: string | undefined): Client {
    const opened = connections.get(primary)
    if (opened) return opened
    if (client.status === 'end') throw new Error('The client was closed meanwhile.')
    watch()
    const original = client.isCluster ? nodeOf(client, primary) : client
    // A Cluster puts its prefix before keys itself, its nodes do not.
    const { keyPrefix } = client.options ?? {}
    const duplicate = original.duplicate({ ...(keyPrefix && { keyPrefix }), enableOfflineQueue: true })
    // The client of the application tells the application.
    duplicate.on('error', () => {})
    duplicate.once('end', () => connections.delete(primary))
    connections.set(primary, duplicate)
    return duplicate
  }

  return async (primary, calls, replicas, milliseconds) => {
    // After a reconnect ioredis sends no rest of a pipeline, which another server would answer.
    const pipeline = connection(primary).pipeline()
    for (const { args } of calls) pipeline[METHODS[args[0]]](...args.slice(1).map(writable))
    const answers = (await pipeline.wait(replicas, milliseconds).exec()) ?? []
    for (const [error] of answers) if (error) throw error
    const replies = answers.map(([, reply]) => reply)
    return { replicas: Number(replies.pop()), replies }
  }
}

function nodeOf(cluster: Client, primary: string | undefined): Client {
  const node = cluster
    .nodes?.('master')
    .find(({ options }) => `${options?.host}:${options?.port}` === primary)
  if (!node) throw new Error('The cluster has another primary by now.')
  return node
}
