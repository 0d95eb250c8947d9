import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { session as lazySession } from '../index.ts'
import session from './index.ts'

const options = { secret: 'a secret', resave: false, saveUninitialized: false }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

// biome-ignore lint/suspicious/noExplicitAny: as handlers see it.
type Look = (req: any, res: any) => unknown

/** What handlers answer, one request after the other, with the cookies of the ones before. */
async function answers(settings: object, ...looks: Look[]): Promise<unknown[]> {
  const app = express()
  app.get(
    '/bare',
    (req, res) => void res.json(['session', 'sessionID'].map((name) => Reflect.get(req, name) ?? null)),
  )
  app.use(session({ ...options, ...settings }))
  app.get('/:step', (req, res) => void res.json({ answer: looks[Number(req.params.step)]?.(req, res) }))
  const server = createServer(app).listen(0)
  closers.push(() => server.close())
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const found: unknown[] = []
  let cookie = ''
  for (const step of looks.keys()) {
    const response = await fetch(`${origin}/${step}`, { headers: { cookie } })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    found.push(((await response.json()) as { answer: unknown }).answer)
    await expect((await fetch(`${origin}/bare`)).json()).resolves.toEqual([null, null])
  }
  return found
}

const login: Look = (req) => {
  req.session.user = 'ann'
  return req.sessionID
}

describe('what an Express request shows of its session', () => {
  test('is there through an object that inherits from the request, and through a proxy', async () => {
    const look: Look = (req) =>
      [Object.create(req), new Proxy(req, {})].map((seen) => [
        seen.session.user,
        seen.sessionID === req.session.id,
        typeof seen.sessionStore.get,
      ])
    const one = ['ann', true, 'function']
    expect((await answers({}, login, look))[1]).toEqual([one, one])
  })

  test('is nothing in another application, whose sessions are loaded when they are asked for', async () => {
    await answers({}, login)
    const app = express()
    app.use(lazySession(createSessions({ store: memoryStore() }), { lazy: true }))
    app.get('/', (req, res) => void res.json([req.sessionID ?? null, req.sessionStore ?? null]))
    const server = createServer(app).listen(0)
    closers.push(() => server.close())
    const response = await fetch(`http://localhost:${(server.address() as AddressInfo).port}`)
    await expect(response.json()).resolves.toEqual([null, null])
  })

  test('ends with `delete req.session` also where nobody has looked at it', async () => {
    const store = new session.MemoryStore()
    const [id, , left] = await answers(
      { store, unset: 'destroy' },
      login,
      (req) => Reflect.deleteProperty(req, 'session') && req.session === undefined,
      (req) => req.session.user ?? 'nobody',
    )
    expect(left).toBe('nobody')
    expect(Object.keys((store as unknown as { sessions: object }).sessions)).not.toContain(id)
  })

  test('can be assigned: another session, id and store', async () => {
    const look: Look = (req) => {
      const before = req.session
      req.session = { mine: true }
      req.sessionStore = 'a store'
      req.sessionID = 'an id'
      const seen = [req.session.mine, req.sessionStore, req.sessionID]
      req.session = before
      req.sessionID = before.id
      return seen
    }
    expect(await answers({}, look)).toEqual([[true, 'a store', 'an id']])
  })

  test('has one id per request, in whichever order it is asked for', async () => {
    const [first, second] = await answers(
      {},
      (req) => req.sessionID === req.session.id,
      (req) => req.session.id === req.sessionID,
    )
    expect([first, second]).toEqual([true, true])
  })
})
