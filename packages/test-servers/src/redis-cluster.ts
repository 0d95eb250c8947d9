import { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

const NODE_TIMEOUT_MS = 600
const SHARDS = 3

export interface ClusterNode {
  host: string
  port: number
}

/** Three primaries with a replica each, on free loopback ports. */
export class RedisCluster {
  readonly servers: readonly RedisServer[]

  constructor(args: readonly string[] = []) {
    const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)]
    // A replica that was briefly away may still be promoted.
    const replication = ['--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0']
    this.servers = Array.from(
      { length: 2 * SHARDS },
      () => new RedisServer({ args: [...cluster, ...replication, ...args] }),
    )
  }

  /** What clients are given to find the cluster by. */
  get nodes(): ClusterNode[] {
    return this.servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  async start(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()))
    const [first] = this.servers as [RedisServer]
    const addresses = this.servers.map(({ port }) => `127.0.0.1:${port}`)
    await first.cli('--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes')
    await this.whole()
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  /** Waits until every shard is served, and every replica is in step. */
  async whole(): Promise<void> {
    const isWhole = async (server: RedisServer) => {
      if (!(await server.cli('cluster', 'info')).includes('cluster_state:ok')) return false
      const replication = await server.cli('info', 'replication')
      return replication.includes('role:master')
        ? /connected_slaves:[1-9]/.test(replication) && /state=online/.test(replication)
        : replication.includes('master_link_status:up')
    }
    await until('the cluster is whole', async () =>
      (await Promise.all(this.servers.map(isWhole))).every(Boolean),
    )
  }

  /** The servers that take writes now. */
  async primaries(): Promise<RedisServer[]> {
    const running = this.servers.filter(({ pid }) => pid !== undefined)
    const roles = await Promise.all(running.map(roleOf))
    return running.filter((_, i) => roles[i] === 'master')
  }

  /** Empties every shard. */
  async flush(): Promise<void> {
    await Promise.all((await this.primaries()).map((server) => server.flush()))
  }

  /** The server that holds `key`, by the word of the cluster itself. */
  async primaryOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.#running.cli('cluster', 'keyslot', key))
    return this.primaryOfSlot(slot)
  }

  async primaryOfSlot(slot: number): Promise<RedisServer> {
    const port = holderOf(slot, await this.#running.cli('cluster', 'nodes'))
    const server = this.servers.find((candidate) => candidate.port === port)
    if (!server) throw new Error(`No primary holds slot ${slot}.`)
    return server
  }

  /**
   * Moves a slot with its keys to another primary, as an operator's resharding does; `meanwhile` is called when the keys have moved and
   * the slot has not.
   */
  async migrateSlot(slot: number, to: RedisServer, meanwhile?: () => Promise<unknown>): Promise<void> {
    const from = await this.primaryOfSlot(slot)
    const [fromId, toId] = await Promise.all([from, to].map((server) => server.cli('cluster', 'myid')))
    await to.cli('cluster', 'setslot', String(slot), 'importing', fromId as string)
    await from.cli('cluster', 'setslot', String(slot), 'migrating', toId as string)
    for (;;) {
      const keys = (await from.cli('cluster', 'getkeysinslot', String(slot), '10'))
        .split('\n')
        .filter(Boolean)
      if (keys.length === 0) break
      await from.cli('migrate', '127.0.0.1', String(to.port), '', '0', '5000', 'keys', ...keys)
    }
    // Asked before: what clients are refused meanwhile they try again for a second, in which little fits on a slow machine.
    const servers = new Set([to, from, ...(await this.primaries())])
    try {
      await meanwhile?.()
    } finally {
      for (const server of servers) {
        await server.cli('cluster', 'setslot', String(slot), 'node', toId as string)
      }
    }
  }

  /** Kills a primary as a crash does, waits for its replica to be promoted, and brings it back as a replica after `meanwhile`. */
  async failOver(primary: RedisServer, meanwhile?: () => Promise<void>): Promise<void> {
    const { port } = primary
    const [slot = 0] = slotsOf(await primary.cli('cluster', 'nodes'), port)
    await primary.kill()
    const running = this.servers.filter(({ pid }) => pid !== undefined)
    await until('a replica is promoted, and every node knows', async () => {
      const views = await Promise.all(running.map((server) => server.cli('cluster', 'nodes')))
      const infos = await Promise.all(running.map((server) => server.cli('cluster', 'info')))
      const holders = new Set(views.map((view) => holderOf(slot, view)))
      if (holders.has(port) || holders.has(undefined)) return false
      return holders.size === 1 && infos.every((info) => info.includes('cluster_state:ok'))
    })
    await meanwhile?.()
    await primary.start()
    await this.whole()
  }

  get #running(): RedisServer {
    const server = this.servers.find(({ pid }) => pid !== undefined)
    if (!server) throw new Error('No node of this cluster runs.')
    return server
  }
}

export const roleOf = async (server: RedisServer): Promise<string> =>
  (await server.cli('role')).split('\n')[0] ?? ''

interface NodeLine {
  port: number
  flags: string
  ranges: [from: number, to: number][]
}

/** By the view of one node: https://redis.io/docs/latest/commands/cluster-nodes */
function parseNodes(view: string): NodeLine[] {
  return view
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, address = '', flags = '', , , , , , ...slots] = line.split(' ')
      const ranges = slots
        .filter((range) => !range.startsWith('['))
        .map((range) => range.split('-').map(Number))
        .map(([from = 0, to = from]) => [from, to] as [number, number])
      return { port: Number(/:(\d+)@/.exec(address)?.[1]), flags, ranges }
    })
}

/** The port of the primary that serves a slot, dead ones aside. */
const holderOf = (slot: number, view: string): number | undefined =>
  parseNodes(view).find(
    ({ flags, ranges }) =>
      flags.includes('master') &&
      !flags.includes('fail') &&
      ranges.some(([from, to]) => from <= slot && slot <= to),
  )?.port

const slotsOf = (view: string, port: number): number[] =>
  parseNodes(view)
    .find((node) => node.port === port)
    ?.ranges.map(([from]) => from) ?? []
