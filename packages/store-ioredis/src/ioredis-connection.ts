import { type ConnectionHooks, onEach, type RedisConnection, type RedisNode } from '@tegata/store-redis'
import type { IoredisClient } from './ioredis-client.ts'

interface Client {
  readonly isCluster: boolean
  readonly status: string
  readonly options: { readonly host?: string; readonly port?: number; readonly natMap?: NatMap }
  nodes(role: 'master'): readonly Client[]
  duplicate(overrides: object): Connection
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

interface Connection {
  connect(): Promise<void>
  call(command: string, ...args: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(
    event: 'messageBuffer',
    listener: (channel: unknown, message: readonly unknown[] | null) => void,
  ): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: () => void): unknown
  disconnect(): void
}

interface Address {
  host: string
  port: number
}

type NatMap = Record<string, Address> | ((key: string) => Address | null)

/** What is different about a connection that lives once, is there for one purpose, and keeps nothing to be sent later. */
const overrides = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  // Its channel is not a key.
  keyPrefix: '',
  // Of ioredis 6: invalidations as messages of a channel, as it has them for both majors.
  protocol: 2,
}

/** A connection to one server by the client's own options. */
export function ioredisConnection(given: IoredisClient, hooks: ConnectionHooks): RedisConnection {
  const client = given as unknown as Client
  // Not before the application connects its client, and not after it has closed it: nothing of ours keeps a process alive.
  if (client.status === 'wait' || client.status === 'end') throw new Error('The client is not connected.')
  const connection = hooks.node ? duplicateFor(client, hooks.node) : client.duplicate(overrides)

  // A client that has connected anew may speak to another server, after a failover or by another address.
  const ends = client.isCluster ? ['end'] : ['end', 'ready']
  let isClosed = false
  function close(): void {
    isClosed = true
    forget()
    connection.disconnect()
  }
  function end(error?: Error): void {
    if (isClosed) return
    close()
    hooks.closed(error)
  }
  const forget = onEach(client, ends, () => end())
  let last = new Error('The connection was closed.')
  connection.on('error', (error) => {
    last = error
  })
  connection.on('close', () => end(last))
  connection.on('messageBuffer', (_channel, message) => hooks.invalidated(message))

  return {
    ready: connection.connect(),
    send: ([command = '', ...args]) => connection.call(command, ...args),
    subscribe: (channel) => connection.subscribe(channel),
    close,
  }
}

/** As the cluster's client connects to that node, or would. */
function duplicateFor(cluster: Client, { host, port, hostname }: RedisNode): Connection {
  const { natMap } = cluster.options
  const names = [host, hostname].filter((name) => name !== undefined)
  const mapped = names
    .map((name) => (typeof natMap === 'function' ? natMap(`${name}:${port}`) : natMap?.[`${name}:${port}`]))
    .find(Boolean)
  const hosts = mapped ? [mapped.host] : names
  const known = cluster.nodes('master')
  const same = known.find(
    ({ options }) =>
      options.port === (mapped?.port ?? port) && (host === '' || hosts.includes(options.host ?? '')),
  )
  if (same) return same.duplicate(overrides)
  const [other] = known
  if (!other) throw new Error('The client knows no primary yet.')
  return other.duplicate({ ...overrides, ...(mapped ?? { host: hostname ?? host, port }) })
}
