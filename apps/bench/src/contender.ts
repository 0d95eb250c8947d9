import type { RequestListener } from 'node:http'
import type { Mode } from './scenario.ts'

/** What a contender is given. */
export interface Bench {
  redisUrl: string
  mode: Mode
}

/**
 * A server with sessions of one kind. Every path of it answers a little JSON:
 * `/ignore` does not touch the session, `/read` reads a number of it, `/write` counts it up, `/login` makes it a user's, `/logout` ends it,
 * `/start?size=…` begins one with so many bytes of data.
 */
export interface Contender {
  /** `undefined`: it has no such mode. */
  start(bench: Bench): Promise<RequestListener | undefined>
  /** Lists all sessions, as its library offers it; answers how many there are. */
  enumerate?(): Promise<number>
}

/** What the sessions hold: as JSON about `size` bytes, many small values as real ones do. */
export function dataOf(size: number): Data {
  const data: Data = { n: 0, list: [] }
  const item = { id: 123_456, name: 'something in a cart', price: 1299, isGift: false }
  const each = JSON.stringify(item).length + 1
  for (let bytes = JSON.stringify(data).length; bytes + each / 2 < size; bytes += each) {
    data.list.push({ ...item, id: 100_000 + data.list.length })
  }
  return data
}

export interface Data {
  n: number
  list: object[]
  user?: string
}
