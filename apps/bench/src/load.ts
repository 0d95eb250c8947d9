import { connect, type Socket } from 'node:net'

export interface Load {
  port: number
  path: string
  /** How many requests. */
  amount: number
  connections: number
  /** One for each connection, or, if `once`, one for each request. */
  cookies?: readonly string[]
  once?: boolean
  /** Is given the head of every answer. */
  onHead?: (head: string) => void
}

export interface LoadResult {
  /** Requests per second, as seen from outside. */
  rate: number
  /** Answers other than 2xx, and requests without one. */
  failed: number
}

/**
 * Sends so many requests over so many connections, each connection one after another. By hand, as it shares the machine with
 * what it measures: an HTTP client of a library takes more CPU time than the servers do.
 */
export async function load({
  port,
  path,
  amount,
  connections,
  cookies = [],
  once,
  onHead,
}: Load): Promise<LoadResult> {
  let left = amount
  let succeeded = 0
  const requestWith = (cookie: string | undefined) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`

  async function work(connection: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const answers = headsOf(socket)
    const always = requestWith(cookies[connection % cookies.length])
    try {
      while (left > 0) {
        const at = --left
        socket.write(once ? requestWith(cookies[at % cookies.length]) : always)
        const { value: head } = await answers.next()
        if (head === undefined) return
        onHead?.(head)
        const status = Number(head.slice(9, 12))
        if (status >= 200 && status < 300) succeeded++
      }
    } finally {
      socket.destroy()
    }
  }

  const began = performance.now()
  await Promise.all(Array.from({ length: Math.min(connections, amount) }, (_, i) => work(i)))
  const seconds = (performance.now() - began) / 1000
  return { rate: succeeded / seconds, failed: amount - succeeded }
}

/** The head of each answer, once it is there as a whole; bodies have a length, as little JSON has. Ends with the connection. */
async function* headsOf(socket: Socket): AsyncGenerator<string, undefined> {
  socket.setEncoding('latin1')
  let rest = ''
  try {
    for await (const chunk of socket) {
      rest += chunk
      for (;;) {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0) break
        const head = rest.slice(0, end)
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
        if (rest.length < end + 4 + length) break
        rest = rest.slice(end + 4 + length)
        yield head
      }
    }
  } catch {
    // A connection that is lost ends as one that is closed: what it was asked for is missing.
  }
}
