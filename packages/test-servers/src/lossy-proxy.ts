import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import type { ClusterNode } from './redis-cluster.ts'

const HOST = '127.0.0.1'

/**
 * Stands before servers, one port for each, and loses a reply where it is told to: the server has done what it was asked, the
 * client sees its connection end.
 */
export class LossyProxy {
  readonly #targets: readonly number[]
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  #pattern: RegExp | undefined
  /** How many commands of the pattern still get their replies. */
  #spared = 0
  lost = 0

  constructor(servers: readonly { port: number }[]) {
    this.#targets = servers.map(({ port }) => port)
  }

  async open(): Promise<this> {
    for (const target of this.#targets) {
      const server = createServer((client) => this.#join(client, target))
      server.listen(0, HOST)
      await once(server, 'listening')
      this.#servers.push(server)
    }
    return this
  }

  /** Where each server can be found, in their order. */
  get nodes(): ClusterNode[] {
    return this.#servers.map((server) => ({ host: HOST, port: (server.address() as AddressInfo).port }))
  }

  /** By the addresses that the servers themselves know: for clients of a Cluster. */
  get addressMap(): Record<string, ClusterNode> {
    return Object.fromEntries(this.nodes.map((node, i) => [`${HOST}:${this.#targets[i]}`, node] as const))
  }

  /** Loses the reply to the next command that looks like this, or to a later one, the first being 1. */
  lose(pattern: RegExp, nth = 1): void {
    this.#pattern = pattern
    this.#spared = nth - 1
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket, port: number): void {
    const server = createConnection({ host: HOST, port })
    let isLosing = false
    client.on('data', (chunk) => {
      if (this.#pattern?.test(chunk.toString('latin1')) && this.#spared-- === 0) {
        this.#pattern = undefined
        isLosing = true
      }
      server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (!isLosing) return client.write(chunk)
      this.lost++
      return client.destroy()
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
