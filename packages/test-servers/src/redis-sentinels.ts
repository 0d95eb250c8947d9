import type { ClusterNode } from './redis-cluster.ts'
import { roleOf } from './redis-cluster.ts'
import { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

const QUORUM = 2

export interface SentinelsOptions {
  /** How many the primary has. Default 2. */
  replicas?: number
  /** More arguments of the data servers. */
  args?: readonly string[]
}

/** A primary with replicas, and three sentinels that watch them, on free loopback ports. */
export class RedisSentinels {
  readonly name = 'tegata'
  readonly servers: readonly RedisServer[]
  #sentinels: readonly RedisServer[] = []

  constructor({ replicas = 2, args = [] }: SentinelsOptions = {}) {
    const options = { args: ['--repl-diskless-sync-delay', '0', ...args] }
    this.servers = Array.from({ length: 1 + replicas }, () => new RedisServer(options))
  }

  /** Where the sentinels are: what clients are given. */
  get nodes(): ClusterNode[] {
    return this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  async start(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()))
    const [primary, ...replicas] = this.servers as [RedisServer, ...RedisServer[]]
    await Promise.all(replicas.map((replica) => follow(replica, primary)))
    const { name } = this
    const config = [
      `sentinel monitor ${name} 127.0.0.1 ${primary.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 2000`,
      `sentinel parallel-syncs ${name} 2`,
    ]
    this.#sentinels = Array.from({ length: 3 }, () => new RedisServer({ config, args: ['--sentinel'] }))
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.start()))
    await this.whole()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.servers].map((server) => server.stop()))
  }

  /** Waits until every replica is in step, and every sentinel knows the others and the replicas. */
  async whole(): Promise<void> {
    await until('the replicas are in step', async () => {
      // Asked each time: on a slow machine sentinels take a new primary for dead as well, and promote another one.
      const primary = await this.primary()
      await Promise.all(
        this.servers.filter((server) => server !== primary).map((server) => follow(server, primary)),
      )
      const replication = await primary.cli('info', 'replication')
      return (replication.match(/state=online/g) ?? []).length === this.servers.length - 1
    })
    await until('the sentinels know each other and every server', async () => {
      const states = await Promise.all(
        this.#sentinels.map((sentinel) => sentinel.cli('sentinel', 'master', this.name)),
      )
      return states.every((state) => {
        const fields = state.split('\n')
        const field = (name: string) => fields[fields.indexOf(name) + 1]
        const replicas = String(this.servers.length - 1)
        return (
          field('num-slaves') === replicas &&
          field('num-other-sentinels') === '2' &&
          field('flags') === 'master'
        )
      })
    })
  }

  /** The server that the sentinels call primary, once it agrees. */
  async primary(): Promise<RedisServer> {
    let found: RedisServer | undefined
    await until('there is a primary', async () => {
      const answers = await Promise.all(
        this.#sentinels.map((sentinel) => sentinel.cli('sentinel', 'get-master-addr-by-name', this.name)),
      )
      const ports = new Set(answers.map((answer) => Number(answer.split('\n')[1])))
      found = this.servers.find(({ port, pid }) => ports.has(port) && pid !== undefined)
      return ports.size === 1 && found !== undefined && (await roleOf(found)) === 'master'
    })
    return found as RedisServer
  }

  async flush(): Promise<void> {
    await (await this.primary()).flush()
  }

  /** Kills the primary as a crash does, waits for a replica to be promoted, and brings it back as a replica after `meanwhile`. */
  async failOver(meanwhile?: () => Promise<void>): Promise<void> {
    const old = await this.primary()
    await old.kill()
    await this.primary()
    try {
      await meanwhile?.()
    } finally {
      // Also for a test that is tried again.
      await old.start()
      await this.whole()
    }
  }
}

/** As a sentinel does it, which takes ten seconds to find out. */
async function follow(replica: RedisServer, primary: RedisServer): Promise<void> {
  const [role, , port] = (await replica.cli('role')).split('\n')
  if (role === 'slave' && Number(port) === primary.port) return
  await replica.cli('replicaof', '127.0.0.1', String(primary.port))
  // Clients must not stay with a server that takes no writes any more.
  if (role === 'master') await replica.cli('client', 'kill', 'type', 'normal')
}
