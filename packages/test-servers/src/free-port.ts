import { type AddressInfo, createServer } from 'node:net'

/**
 * A port of the loopback interface that nobody listens on, up to `highest`. Another process may be quicker: whoever uses it
 * tries again then.
 */
export async function freePort(highest = 65_535): Promise<number> {
  for (;;) {
    const port = await anyFreePort()
    if (port <= highest) return port
  }
}

function anyFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
