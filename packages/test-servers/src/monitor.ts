import { createConnection, type Socket } from 'node:net'

export interface RecordedCommand {
  /** Upper-cased. */
  name: string
  /** One character per byte (latin1). */
  args: string[]
  /** Called by a script, not sent by a client. */
  inScript: boolean
}

const LINE = /^\+?[\d.]+ \[\d+ ([^\]]+)\] (.*)$/
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

/** What a server was asked to do since the recording began, by its own MONITOR. */
export class Monitor {
  readonly #socket: Socket
  readonly #host: string
  readonly #port: number
  #lines: string[] = []
  #wake: (() => void) | undefined
  #marks = 0

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket
    this.#host = host
    this.#port = port
    let rest = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\r\n')
      rest = lines.pop() ?? ''
      this.#lines.push(...lines)
      this.#wake?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#wake?.())
  }

  static async open(host: string, port: number): Promise<Monitor> {
    const socket = createConnection({ host, port })
    const monitor = new Monitor(socket, host, port)
    socket.write('MONITOR\r\n')
    await monitor.#until((line) => line === '+OK')
    return monitor
  }

  /** Everything the server has begun until now, and since the last call. */
  async commands(): Promise<RecordedCommand[]> {
    // A mark sent on a connection of its own is recorded after all that the server took up before it.
    const mark = `mark-${++this.#marks}-${process.pid}`
    const socket = createConnection({ host: this.#host, port: this.#port }, () =>
      socket.end(`ECHO ${mark}\r\n`),
    )
    socket.on('error', () => {})
    const recorded = await this.#until((line) => line.includes(`"${mark}"`))
    return recorded.map(parse).filter((command) => command !== undefined)
  }

  /** The names of what clients sent, without what scripts called: `['GET', 'EVALSHA']`. */
  async names(): Promise<string[]> {
    const commands = await this.commands()
    return commands.filter((command) => !command.inScript).map((command) => command.name)
  }

  stop(): void {
    this.#socket.destroy()
  }

  /** Takes the lines before the one that is asked for, and that one away. */
  async #until(found: (line: string) => boolean): Promise<string[]> {
    for (;;) {
      const at = this.#lines.findIndex(found)
      if (at >= 0) return this.#lines.splice(0, at + 1).slice(0, -1)
      if (this.#socket.destroyed) throw new Error('The recording has ended.')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

function parse(line: string): RecordedCommand | undefined {
  const [, client, text] = LINE.exec(line) ?? []
  if (client === undefined || text === undefined) return undefined
  const [name = '', ...args] = [...text.matchAll(ARGUMENT)].map((match) => unquote(match[1] ?? ''))
  return { name: name.toUpperCase(), args, inScript: client === 'lua' }
}

const unquote = (text: string) =>
  text.replace(/\\(x([0-9a-f]{2})|.)/gi, (_, all: string, hex?: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[all] ?? all),
  )
