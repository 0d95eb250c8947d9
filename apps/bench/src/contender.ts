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
  /** Begins so many sessions with that data, as its library stores them. Where it is missing, requests to `/start` do. */
  fill?(count: number, data: Data): Promise<void>
  /** Lists all sessions, as its library offers it; answers how many there are. */
  enumerate?(): Promise<number>
}

export interface Data {
  n: number
  list: object[]
  note: string
  user?: string
}

const LEAST: Data = { n: 0, list: [], note: '' }

/** What the sessions hold: exactly `size` bytes of JSON (27 at least), many small values as real ones do. */
export function dataOf(size: number): Data {
  const data = structuredClone(LEAST)
  const item = { id: 100_000, name: 'something in a cart', price: 1299, isGift: false }
  const each = JSON.stringify(item).length + 1
  let left = size - JSON.stringify(data).length
  for (; left >= each; left -= each) data.list.push({ ...item, id: item.id + data.list.length })
  // Of the items the first has no comma before it.
  if (data.list.length > 0) left++
  data.note = '.'.repeat(Math.max(0, left))
  return data
}

/** What a login puts into a session that begins anew. Made once: making it is no part of what a login costs. */
export const loginData: Readonly<Data> = { ...dataOf(200), user: 'ann' }
