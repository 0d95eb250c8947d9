import { createConnection } from 'node:net'

/** What is sent for a command: https://redis.io/docs/latest/develop/reference/protocol-spec */
export const requestOf = (command: readonly string[]): string =>
  command.reduce(
    (sent, part) => `${sent}$${Buffer.byteLength(part)}\r\n${part}\r\n`,
    `*${command.length}\r\n`,
  )

/** The first answer to a request, as `redis-cli` prints it, on a connection of its own. */
export function askRedis(host: string, port: number, request: string, timeout = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port }, () => socket.write(request))
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(timeout, () => fail(new Error(`Redis did not answer ${shown(request)}.`)))
    socket.once('error', fail)
    socket.once('close', () => fail(new Error(`Redis ended the connection at ${shown(request)}.`)))
    let received: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk
      const reply = readReply(received, 0)
      if (!reply) return
      resolve(reply.text)
      socket.destroy()
    })
  })
}

const shown = (request: string) => request.replaceAll('\r\n', ' ').trim()

/** The reply that begins there, and where it ends; `undefined` while it has not all arrived. */
function readReply(bytes: Buffer, from: number): { text: string; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', from)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', from + 1, lineEnd)
  const start = lineEnd + 2
  const type = String.fromCharCode(bytes[from] as number)
  const length = Number(line)
  if (type === '$' && length >= 0) {
    const end = start + length
    return end + 2 <= bytes.length ? { text: bytes.toString('utf8', start, end), end: end + 2 } : undefined
  }
  if (type === '*' && length >= 0) {
    const items: string[] = []
    let end = start
    for (let i = 0; i < length; i++) {
      const item = readReply(bytes, end)
      if (!item) return undefined
      items.push(item.text)
      end = item.end
    }
    return { text: items.join('\n'), end }
  }
  return { text: type === '$' || type === '*' ? '' : line, end: start }
}
