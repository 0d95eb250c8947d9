import { Buffer } from 'node:buffer'
import type { RedisCommandName, RedisCommands } from '@tegata/store-redis'

/** What is used of an ioredis client (5 or 6), `Redis` or `Cluster`, as far as ioredis' own types tell. */
export interface IoredisClient {
  getBuffer(key: string): Promise<unknown>
  duplicate(): unknown
  readonly isCluster: boolean
}

/** Every command has a method of this form, though few are in ioredis' types. */
type Methods = Record<
  `${Lowercase<RedisCommandName>}Buffer`,
  (...args: (string | Buffer)[]) => Promise<unknown>
>

/** What the types of `Redis` and `Cluster` do not have in common. */
interface Client extends Methods {
  readonly isCluster: boolean
  readonly options?: {
    readonly keyPrefix?: string
    readonly scaleReads?: unknown
    readonly role?: string
    readonly readOnly?: boolean
  }
  nodes?(role: 'master'): readonly Client[]
  duplicate(): Client
  pipeline(): Pipeline
  on(event: string, listener: () => void): unknown
  disconnect(): void
}

interface Pipeline {
  exists(key: string): Pipeline
  wait(replicas: number, milliseconds: number): Pipeline
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

export function ioredisCommands(given: IoredisClient): RedisCommands {
  const client = given as unknown as Client
  if (typeof client?.evalshaBuffer !== 'function') {
    throw new TypeError('The first argument of ioredisStore() must be a client of ioredis.')
  }
  refuseReplicas(client)
  const { keyPrefix } = client.options ?? {}
  const confirm = confirmations(client)
  return client.isCluster
    ? { ...commandsOf(client), keyPrefix, confirm, primaries: () => primariesOf(client) }
    : { ...commandsOf(client), keyPrefix, confirm }
}

const commandsOf = (client: Client): RedisCommands => ({
  async send(_key, [command, ...args]) {
    // Not callBuffer(): with automatic pipelining it loses the command's name, and the process with it.
    const method = `${command.toLowerCase() as Lowercase<RedisCommandName>}Buffer` as const
    return client[method](...args.map(writable))
  },
  isErrorReply,
})

/**
 * By name: the application's copy of ioredis has classes of its own. Redirections without end are what servers answered too, and
 * nothing was done.
 */
const isErrorReply = (error: unknown): error is Error =>
  error instanceof Error &&
  (error.name === 'ReplyError' ||
    error.message.startsWith('Too many Cluster redirections. Last error: ReplyError'))

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

/** WAIT on a second connection, opened at the first use, that ends with the client. */
function confirmations(client: Client): NonNullable<RedisCommands['confirm']> {
  let waiting: Client | undefined
  function open(): Client {
    const duplicate = client.duplicate()
    // The client of the application tells the application.
    duplicate.on('error', () => {})
    client.on('end', () => {
      waiting = undefined
      duplicate.disconnect()
    })
    return duplicate
  }
  return async (key, replicas, milliseconds) => {
    waiting ??= open()
    // In a Cluster the key leads both to its server; and WAIT counts from the last command of its connection.
    const replies = await waiting.pipeline().exists(key).wait(replicas, milliseconds).exec()
    for (const [error] of replies ?? []) if (error) throw error
    return Number(replies?.[1]?.[1])
  }
}
