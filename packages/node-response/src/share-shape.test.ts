import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { expect, onTestFinished, test } from 'vitest'
import { shareShape } from './index.ts'

setFlagsFromString('--allow-natives-syntax')
const haveOneShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean

interface Exchange {
  req: IncomingMessage
  res: ServerResponse
}

/** Real ones, as a server made them. */
async function exchanges(amount: number): Promise<Exchange[]> {
  const seen: Exchange[] = []
  const server = createServer((req, res) => {
    seen.push({ req, res })
    res.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (let i = 0; i < amount; i++) await fetch(url)
  return seen
}

const framework = {
  req: Object.create(IncomingMessage.prototype),
  res: Object.create(ServerResponse.prototype),
}

test.each(['req', 'res'] as const)(
  'each %s that a framework gave another prototype has one shape, whatever is added to it',
  async (kind) => {
    const messages = (await exchanges(20)).map((exchange) => exchange[kind])
    for (const message of messages) {
      Object.setPrototypeOf(message, framework[kind])
      Object.assign(message, { before: 1 })
      shareShape(message)
      Object.assign(message, { after: 1 })
    }
    const [, ...latest] = messages.slice(10)
    for (const message of latest) expect(haveOneShape(message, messages[10] as object)).toBe(true)
  },
)

test('nothing can be told of it: not by what a message has, nor by the order of it', async () => {
  const [{ req }] = (await exchanges(1)) as [Exchange]
  Object.setPrototypeOf(req, framework.req)
  Object.assign(req, { added: 1 })
  const before = Object.getOwnPropertyDescriptors(req)
  const names = Reflect.ownKeys(req)
  shareShape(req)
  expect(Reflect.ownKeys(req)).toEqual(names)
  expect(Object.getOwnPropertyDescriptors(req)).toEqual(before)
  expect(Object.getPrototypeOf(req)).toBe(framework.req)
})

test('a message that takes no members stays as it is', () => {
  const message = Object.preventExtensions({ a: 1 })
  shareShape(message)
  expect(message).toEqual({ a: 1 })
})
