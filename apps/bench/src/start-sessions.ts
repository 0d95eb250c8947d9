import { Agent, get, type IncomingMessage } from 'node:http'

/** Begins sessions, so many at a time, and answers what browsers would send with them; fewer where there are none to begin. */
export async function startSessions(port: number, count: number, size: number): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const cookies: string[] = []
  let left = count
  async function work(): Promise<void> {
    while (left-- > 0) {
      const response = await request({ port, path: `/start?size=${size}`, agent })
      const pairs = (response.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0])
      if (pairs.length > 0) cookies.push(pairs.join('; '))
    }
  }
  await Promise.all(Array.from({ length: 32 }, work))
  agent.destroy()
  return cookies
}

const request = (options: { port: number; path: string; agent: Agent }) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', ...options }, (response) => {
      response.resume()
      response.on('end', () => resolve(response))
    }).on('error', reject)
  })
