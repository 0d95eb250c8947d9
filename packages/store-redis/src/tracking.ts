import { answeringNodes } from './cluster-nodes.ts'
import type { ConnectionHooks, RedisCommands, RedisConnection, RedisNode } from './redis-commands.ts'

/** Where Redis sends invalidations to connections that speak RESP2. */
const CHANNEL = '__redis__:invalidate'

/** No fault: the Cluster has changed, or is not known yet. */
export class OtherNodesError extends Error {}

/**
 * Connections that together are told of every change of keys that begin with `prefix`: one to each primary. They live and
 * end together, and none reconnects: a watch that lost one has missed something.
 *
 * BCAST: Redis tells of all keys of a prefix, whoever read them over which connection, so that the client's own stay as they
 * are. A connection that speaks RESP2 redirects to itself, which spares the second one that redirecting is known for.
 */
export class Tracking {
  readonly #commands: RedisCommands
  readonly #prefix: string
  readonly #hooks: ConnectionHooks
  #connections: { connection: RedisConnection; clientId: string }[] = []
  #nodes: ReadonlyMap<string, RedisNode> | undefined
  #isClosed = false

  constructor(commands: RedisCommands, prefix: string, hooks: ConnectionHooks) {
    this.#commands = commands
    this.#prefix = prefix
    this.#hooks = hooks
  }

  /** Resolves when no change is missed any more. */
  async start(): Promise<void> {
    // Before anything is asked: a client may connect for that.
    if (this.#commands.isOpen?.() === false) throw new Error('The client is not connected.')
    if (this.#commands.primaries) {
      this.#nodes = await answeringNodes(this.#commands)
      if (this.#nodes.size === 0) throw new OtherNodesError('The client knows no primary yet.')
      await Promise.all([...this.#nodes.values()].map((node) => this.#track({ ...this.#hooks, node })))
    } else {
      await this.#track(this.#hooks)
    }
    await this.#assertSameNodes()
  }

  /** Resolves once what happened before this call has been told. Rejects when that cannot be said. */
  async settled(): Promise<void> {
    await Promise.all([this.#assertSameNodes(), ...this.#connections.map(prove)])
  }

  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#connections) connection.close()
    this.#connections = []
  }

  async #track(hooks: ConnectionHooks): Promise<void> {
    if (this.#isClosed) throw new Error('The watch was closed meanwhile.')
    const connection = this.#commands.connect?.(hooks)
    if (!connection) throw new TypeError('This client of Redis cannot watch.')
    const tracked = { connection, clientId: '' }
    this.#connections.push(tracked)
    await connection.ready
    tracked.clientId = String(await connection.send(['CLIENT', 'ID']))
    const bcast = ['BCAST', ...(this.#prefix === '' ? [] : ['PREFIX', this.#prefix])]
    if (connection.subscribe) {
      await connection.send(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', tracked.clientId, ...bcast])
      await connection.subscribe(CHANNEL)
    } else {
      // A client that tracks by itself does it in the other mode.
      await connection.send(['CLIENT', 'TRACKING', 'OFF'])
      await connection.send(['CLIENT', 'TRACKING', 'ON', ...bcast])
    }
  }

  async #assertSameNodes(): Promise<void> {
    if (!this.#nodes) return
    const now = await answeringNodes(this.#commands)
    const isSame = now.size === this.#nodes.size && [...now.keys()].every((id) => this.#nodes?.has(id))
    if (!isSame) throw new OtherNodesError('The Cluster has other primaries now.')
  }
}

/** On the very connection: what Redis sent before the answer is here before it. */
async function prove({ connection, clientId }: { connection: RedisConnection; clientId: string }) {
  if (connection.subscribe) return void (await connection.send(['PING']))
  // Where the client may reconnect behind our back, tracking nothing.
  const [, id] = await Promise.all([connection.send(['PING']), connection.send(['CLIENT', 'ID'])])
  if (String(id) !== clientId) throw new Error('The connection is another one now.')
}
