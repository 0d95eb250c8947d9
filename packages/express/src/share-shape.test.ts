import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import express5, { type Express, type RequestHandler } from 'express'
// @ts-expect-error: the same package at another major, whose types are those of the name 'express'.
import express4 from 'express4'
import { expect, onTestFinished, test } from 'vitest'
import expressSession from './express-session/index.ts'
import { session } from './index.ts'

setFlagsFromString('--allow-natives-syntax')
const haveOneShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean

const native = () => session(createSessions({ store: memoryStore() })) as RequestHandler
const dropIn = () =>
  expressSession({ secret: 's', resave: false, saveUninitialized: false }) as unknown as RequestHandler

test.each<[string, () => Express, () => RequestHandler]>([
  ['session(), Express 5', express5, native],
  ['session(), Express 4', express4 as () => Express, native],
  ['the drop-in, Express 5', express5, dropIn],
  ['the drop-in, Express 4', express4 as () => Express, dropIn],
  // V8 remembers the shapes of tables in 64 places, by address: once in a while those of requests and responses have the same.
])(
  'behind %s, all requests and all responses have one shape',
  { retry: 4 },
  async (_, create, middleware) => {
    const seen: object[][] = []
    const app = create()
    app.use(middleware())
    app.get('/', (req, res) => {
      seen.push([req, res])
      res.json({})
    })
    const server = app.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (let i = 0; i < 20; i++) await (await fetch(url)).text()
    const [first, ...others] = seen.slice(10) as [object[], ...object[][]]
    expect(others).toHaveLength(9)
    for (const messages of others) {
      expect(messages.map((message, i) => haveOneShape(message, first[i] as object))).toEqual([true, true])
    }
  },
)
