import { load } from './load.ts'

/** Begins sessions by requests, and answers what browsers would send with them; fewer where there are none to begin. */
export async function startSessions(port: number, count: number, size: number): Promise<string[]> {
  const cookies: string[] = []
  const onHead = (head: string) => {
    const pairs = [...head.matchAll(/^set-cookie: *([^;\r\n]+)/gim)].map(([, pair]) => pair)
    if (pairs.length > 0) cookies.push(pairs.join('; '))
  }
  await load({ port, path: `/start?size=${size}`, amount: count, connections: 32, onHead })
  return cookies
}
