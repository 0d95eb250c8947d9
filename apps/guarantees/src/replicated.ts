import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '@tegata/test-servers'
import { Redis } from 'ioredis'

/** Watches up to when each primary's writes are known to be on a replica: what comes later, a failover may lose. */
export class Replicated {
  readonly #safeUntil = new Map<RedisServer, number>()
  readonly #clients: Redis[]
  #isOver = false

  constructor(servers: readonly RedisServer[]) {
    this.#clients = servers.map((server) => {
      const client = new Redis(server.url, { retryStrategy: () => 100, maxRetriesPerRequest: null })
      client.on('error', () => {})
      void this.#watch(server, client)
      return client
    })
  }

  /** By `performance.now()`; 0 for a server that never was a primary with a replica. */
  safeUntil(server: RedisServer): number {
    return this.#safeUntil.get(server) ?? 0
  }

  close(): void {
    this.#isOver = true
    for (const client of this.#clients) client.disconnect()
  }

  async #watch(server: RedisServer, client: Redis): Promise<void> {
    const written: { at: number; offset: number }[] = []
    while (!this.#isOver) {
      const at = performance.now()
      const info = await client.info('replication').catch(() => '')
      const offset = Number(/master_repl_offset:(\d+)/.exec(info)?.[1])
      const replicas = [...info.matchAll(/state=online,offset=(\d+)/g)].map(([, replica]) => Number(replica))
      if (!info.includes('role:master') || replicas.length === 0) written.length = 0
      else written.push({ at, offset })
      while (written[0] && written[0].offset <= Math.min(...replicas)) {
        this.#safeUntil.set(server, written.shift()?.at ?? 0)
      }
      await sleep(25)
    }
  }
}
