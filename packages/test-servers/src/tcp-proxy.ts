import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'

/** One connection through the proxy. */
export class ProxiedLine {
  /** What the client has sent so far, one character per byte. */
  sent = ''
  readonly #client: Socket
  readonly #server: Socket
  #isSilent = false
  #delay = 0
  #held: (() => void)[] = []

  constructor(client: Socket, server: Socket, onRequest: (line: ProxiedLine, text: string) => void) {
    this.#client = client
    this.#server = server
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      this.sent += text
      onRequest(this, text)
      this.#pass(() => server.write(chunk))
    })
    server.on('data', (chunk: Buffer) => this.#pass(() => client.write(chunk)))
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {})
      // Of a half-open connection neither side learns anything.
      one.on('close', () => !this.#isSilent && other.destroy())
    }
  }

  get isOpen(): boolean {
    return !this.#client.destroyed
  }

  /** Neither side hears the other any more, or learns of it. */
  silence(): void {
    this.#isSilent = true
  }

  /** Everything that was held up arrives, in order. */
  resume(): void {
    this.#isSilent = false
    for (const pass of this.#held.splice(0)) pass()
  }

  /** Every byte takes so many milliseconds longer, each way. */
  delay(ms: number): void {
    this.#delay = ms
  }

  cut(): void {
    this.#isSilent = false
    this.#client.destroy()
    this.#server.destroy()
  }

  #pass(write: () => void): void {
    if (this.#delay > 0) setTimeout(() => this.#deliver(write), this.#delay)
    else this.#deliver(write)
  }

  #deliver(write: () => void): void {
    if (this.#isSilent) this.#held.push(write)
    else write()
  }
}

/** A way to a server on this machine that a test can hold up, silence or cut, connection by connection. */
export class TcpProxy {
  readonly lines: ProxiedLine[] = []
  /** What becomes of a new connection: `silent` ones are accepted, and nothing more. */
  accepts: 'all' | 'silent' | 'none' = 'all'
  /** Before a request is passed on. */
  onRequest: (line: ProxiedLine, text: string) => void = () => {}
  readonly #server: Server

  /** The port that new connections lead to. */
  target: number

  private constructor(target: number) {
    this.target = target
    this.#server = createServer((client) => {
      if (this.accepts === 'none') return client.destroy()
      const server = createConnection({ host: '127.0.0.1', port: this.target })
      const line = new ProxiedLine(client, server, (...request) => this.onRequest(...request))
      if (this.accepts === 'silent') line.silence()
      this.lines.push(line)
    })
  }

  static async open(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Open connections whose client has sent such a text. */
  linesThatSent(text: RegExp): ProxiedLine[] {
    return this.lines.filter((line) => line.isOpen && text.test(line.sent))
  }

  stop(): void {
    for (const line of this.lines) line.cut()
    this.#server.close()
  }
}
