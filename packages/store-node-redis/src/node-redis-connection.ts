import { errorMonitor } from 'node:events'
import { type ConnectionHooks, onEach, type RedisConnection, type RedisNode } from '@tegata/store-redis'
import type { NodeRedisClient } from './node-redis-client.ts'
import { endingOf } from './node-redis-ending.ts'

interface Emitter {
  on(event: string | symbol, listener: (error?: unknown) => void): unknown
  off(event: string | symbol, listener: (error?: unknown) => void): unknown
  readonly isOpen: boolean
}

interface Closable extends Emitter {
  connect(): Promise<unknown>
  destroy(): unknown
}

interface Client extends Emitter {
  readonly options?: { readonly socket?: object }
  duplicate(overrides: object): Connection
}

interface Connection extends Closable {
  sendCommand(args: readonly string[]): Promise<unknown>
  subscribe(
    channel: string,
    listener: (message: readonly unknown[] | null) => void,
    asBytes: true,
  ): Promise<unknown>
}

interface Pool extends Emitter {
  execute<T>(use: (client: Client) => T): Promise<T>
}

interface Sentinel extends Closable {
  duplicate(overrides: object): Sentinel
  sendCommand(isReadonly: boolean, args: readonly string[]): Promise<unknown>
  readonly clientSideCache?: { on(event: 'invalidate', listener: (key: unknown) => void): unknown }
}

interface Address {
  host: string
  port: number
}

interface Cluster extends Emitter {
  readonly masters: readonly Address[]
  nodeClient(node: unknown): Promise<Client> | Client
  readonly _options?: {
    readonly nodeAddressMap?: Record<string, Address> | ((address: string) => Address | undefined)
  }
}

const isCluster = (client: Emitter): client is Cluster => 'masters' in client && 'nodeClient' in client
const isSentinel = (client: Emitter): client is Sentinel => 'getSentinelNode' in client
const isPool = (client: Emitter): client is Pool => 'execute' in client && !('duplicate' in client)

/** What is different about a connection that lives once, is there for one purpose, and keeps nothing to be sent later. */
const overridesOf = ({ options }: Client, address?: Address) => ({
  // Invalidations as messages of a channel; what needs the newer protocol goes with it.
  RESP: 2,
  clientSideCache: undefined,
  emitInvalidate: undefined,
  maintNotifications: 'disabled',
  disableOfflineQueue: true,
  pingInterval: undefined,
  socket: { ...options?.socket, ...address, reconnectStrategy: false },
})

/**
 * A client of Sentinels lends no connection that could subscribe, nor the options to make one by; but it hands on the
 * invalidations of its own cache, which stays empty, as commands of our kind are not cached.
 */
const sentinelOverrides = {
  RESP: 3,
  masterPoolSize: 1,
  replicaPoolSize: 0,
  clientSideCache: { maxEntries: 1 },
}

/** A connection to one server by the client's own options. */
export function nodeRedisConnection(given: NodeRedisClient, hooks: ConnectionHooks): RedisConnection {
  const client = given as unknown as Emitter
  // Not before the application connects its client, and not after it has closed it: nothing of ours keeps a process alive.
  if (!client.isOpen) throw new Error('The client is not connected.')
  let endConnection: (() => void) | undefined
  let isClosed = false
  function close(): void {
    isClosed = true
    forget()
    endConnection?.()
  }
  function end(error?: unknown): void {
    if (isClosed) return
    close()
    hooks.closed(error)
  }
  const endWithClient = () => end()
  const forget = onEach(client, endsOf(client), endWithClient)

  async function open<C extends Closable>(duplicate: C | Promise<C>): Promise<C> {
    const made = await duplicate
    if (isClosed) throw new Error('The connection was closed before it was there.')
    endConnection = endingOf(made)
    for (const event of ['error', 'end', 'reconnecting', 'client-error']) {
      made.on(event, (error = new Error('The connection was closed.')) => end(error))
    }
    await made.connect()
    return made
  }

  if (isSentinel(client)) {
    const opened = open(client.duplicate(sentinelOverrides)).then((sentinel) => {
      sentinel.on('topology-change', endWithClient)
      sentinel.clientSideCache?.on('invalidate', (key) => hooks.invalidated(key === null ? null : [key]))
      return sentinel
    })
    return {
      ready: opened.then(() => {}),
      send: async (args) => (await opened).sendCommand(false, args),
      close,
    }
  }
  const opened = open(duplicateOf(client, hooks.node))
  return {
    ready: opened.then(() => {}),
    async send(args) {
      // A pool does not tell of its end.
      if (!client.isOpen) endWithClient()
      return (await opened).sendCommand(args)
    },
    subscribe: async (channel) => (await opened).subscribe(channel, hooks.invalidated, true),
    close,
  }
}

/** A client that has connected anew may speak to another server, after a failover or by another address. */
function endsOf(client: Emitter): (string | symbol)[] {
  if (isCluster(client)) return ['end', 'disconnect']
  // A pool tells of the connections that it loses, and not of those that it opens instead.
  if (isPool(client)) return ['end', errorMonitor]
  return isSentinel(client) ? ['end', 'disconnect', 'topology-change'] : ['end', 'ready']
}

async function duplicateOf(client: Emitter, node: RedisNode | undefined): Promise<Connection> {
  if (isCluster(client)) return duplicateFor(client, node as RedisNode)
  if (isPool(client)) return client.execute((one) => one.duplicate(overridesOf(one)))
  const single = client as Client
  return single.duplicate(overridesOf(single))
}

/** As the cluster's client connects to that node, or would. */
async function duplicateFor(cluster: Cluster, { host, port, hostname }: RedisNode): Promise<Connection> {
  const { nodeAddressMap: map } = cluster._options ?? {}
  const names = [host, hostname].filter((name) => name !== undefined)
  const mapped = names
    .map((name) => (typeof map === 'function' ? map(`${name}:${port}`) : map?.[`${name}:${port}`]))
    .find(Boolean)
  const hosts = mapped ? [mapped.host] : names
  const same = cluster.masters.find(
    (master) => master.port === (mapped?.port ?? port) && (host === '' || hosts.includes(master.host)),
  )
  const [other] = cluster.masters
  const model = await cluster.nodeClient(same ?? other)
  return model.duplicate(overridesOf(model, same ? undefined : (mapped ?? { host: hostname ?? host, port })))
}
