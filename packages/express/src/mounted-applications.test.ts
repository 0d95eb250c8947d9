import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSessions } from '@tegata/core'
import compression from 'compression'
import express, { type Express, type RequestHandler } from 'express'
// @ts-expect-error: the same package at another major, whose types are those of the name 'express'.
import express4 from 'express4'
import { afterEach, describe, expect, test } from 'vitest'
import { session } from './index.ts'
import { slowStore } from './testing.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function serve(app: Express) {
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async (path: string, cookie?: string) => {
    const response = await fetch(address + path, { headers: cookie ? { cookie } : {} })
    return { cookie: response.headers.getSetCookie()[0]?.split(';')[0], body: await response.text() }
  }
}

const sessions = () => session(createSessions({ store: slowStore() }))

/** Changes the session and answers in the same breath: only a response that is held brings the cookie. */
const write: RequestHandler = (req, res) => {
  Object.assign(req.session, { n: 1 })
  res.end('written')
}
const next: RequestHandler = (_req, _res, next) => next()

describe.each<[string, () => Express]>([
  ['Express 5', express],
  ['Express 4', express4 as () => Express],
])('%s', (_, create) => {
  test.each<[string, (app: Express, mounted: Express) => void]>([
    [
      'the outer application, answered in the mounted one',
      (app, mounted) => app.use(sessions(), mounted.all('/', write)),
    ],
    [
      'the mounted application, answered in the outer one',
      (app, mounted) => app.use(mounted.use(sessions(), next), write),
    ],
    [
      'a mounted application that is two deep',
      (app, mounted) => {
        const inner = create()
        mounted.use(inner)
        inner.use(sessions()).all('/', write)
        app.use(mounted)
      },
    ],
    [
      'an application that a handler of the outer one calls',
      (app, called) => {
        called.all('/', write)
        app.use(sessions(), (req, res, next) => called(req, res, next))
      },
    ],
    [
      'an application with compression before it',
      (app) => app.use(compression({ threshold: 0 }), sessions(), write),
    ],
    [
      'an application with compression behind it',
      (app) => app.use(sessions(), compression({ threshold: 0 }), write),
    ],
  ])('a response is held in %s', async (_title, build) => {
    const app = create()
    build(app, create())
    const get = await serve(app)
    for (let i = 0; i < 3; i++) {
      const { body, cookie } = await get('/')
      expect(body).toBe('written')
      expect(cookie).toMatch(/^sid=/)
    }
  })

  test('responses that have no session are none of its business, before and after the first that has', async () => {
    const app = create()
    app.get('/plain', (_req, res) => {
      res.write('pl')
      res.end('ain')
    })
    app.get('/head', (req, res) => {
      res.writeHead(201, { 'X-Session': String(req.session) })
      res.flushHeaders()
      res.end('head')
    })
    app.use(sessions())
    app.get('/', write)
    const get = await serve(app)
    for (let i = 0; i < 2; i++) {
      expect(await get('/plain')).toEqual({ body: 'plain', cookie: undefined })
      expect(await get('/head')).toEqual({ body: 'head', cookie: undefined })
      expect((await get('/')).cookie).toMatch(/^sid=/)
    }
  })

  test('a response is held with layers before it, and without, in one application', async () => {
    const app = create()
    const compress = compression({ threshold: 0 })
    app.use((req, res, next) => (req.path === '/plain' ? next() : compress(req, res, next)))
    app.use(sessions(), write)
    const get = await serve(app)
    for (const path of ['/', '/plain', '/', '/plain']) {
      const { body, cookie } = await get(path)
      expect(body).toBe('written')
      expect(cookie).toMatch(/^sid=/)
    }
  })

  test('requests that have no session may be given another one', async () => {
    const app = create()
    app.get('/own', (req, res) => {
      const before = req.session
      Object.assign(req, { session: { mine: true } })
      res.json([before ?? null, req.session, Object.keys(req).includes('session')])
    })
    app.use(sessions())
    app.get('/', write)
    const get = await serve(app)
    for (let i = 0; i < 2; i++) {
      expect((await get('/own')).body).toBe('[null,{"mine":true},true]')
      expect((await get('/')).cookie).toMatch(/^sid=/)
    }
  })

  test('an application mounted after its first response is held as before', async () => {
    const inner = create()
    inner.use(sessions()).all('/', write)
    const alone = await serve(inner)
    expect((await alone('/')).cookie).toMatch(/^sid=/)
    const outer = create()
    outer.use(sessions())
    outer.get('/own', write)
    outer.use(inner)
    const get = await serve(outer)
    expect((await get('/own')).cookie).toMatch(/^sid=/)
    expect((await alone('/')).cookie).toMatch(/^sid=/)
  })
})
