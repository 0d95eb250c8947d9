import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import type { RedisServer } from '@tegata/test-servers'

const INFO = '*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n'

interface Reading {
  input: number
  output: number
  /** Bytes of the answer itself, which the server counts afterwards. */
  length: number
}

/** What servers receive and send while something runs, by their own count: `INFO stats`, without what they tell each other. */
export class Traffic {
  readonly #sockets: readonly Socket[]

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
  }

  static async open(servers: readonly RedisServer[]): Promise<Traffic> {
    const sockets = servers.map(({ port }) => createConnection({ host: '127.0.0.1', port }))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    // Of a test that failed they are still open when its server ends.
    for (const socket of sockets) socket.on('error', () => {})
    return new Traffic(sockets)
  }

  /** Bytes that the servers took in and gave out. */
  async during(work: () => Promise<unknown>): Promise<{ input: number; output: number }> {
    const before = await this.#read()
    await work()
    const after = await this.#read()
    const sum = (count: (after: Reading, before: Reading) => number) =>
      after.reduce((total, reading, i) => total + count(reading, before[i] as Reading), 0)
    return {
      input: sum((now, then) => now.input - then.input - INFO.length),
      output: sum((now, then) => now.output - then.output - then.length),
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #read(): Promise<Reading[]> {
    return Promise.all(this.#sockets.map(readingOf))
  }
}

function readingOf(socket: Socket): Promise<Reading> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const announced = /^\$(\d+)\r\n/.exec(text)
      if (!announced || text.length < announced[0].length + Number(announced[1]) + 2) return
      socket.off('data', take).off('error', reject)
      const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0)
      resolve({
        input: field('total_net_input_bytes') - field('total_net_repl_input_bytes'),
        output: field('total_net_output_bytes') - field('total_net_repl_output_bytes'),
        length: text.length,
      })
    }
    socket.on('data', take).on('error', reject)
    socket.write(INFO)
  })
}
