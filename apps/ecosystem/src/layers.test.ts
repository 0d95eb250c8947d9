import { createServer } from 'node:http'
import compression from 'compression'
import rateLimit from 'express-rate-limit'
import helmet from 'helmet'
import { createProxyMiddleware } from 'http-proxy-middleware'
import multer from 'multer'
import { expect, test } from 'vitest'
import { Browser, inEachDress, listen } from './app.ts'

await inEachDress('express-rate-limit, keyed by the session', (start) => {
  test('counts each session for itself', async () => {
    const { url } = await start((app, session) => {
      app.use(session)
      app.get('/', (req, res) => {
        req.session.visits = 1
        res.json({})
      })
      const limiter = rateLimit({ windowMs: 60_000, limit: 2, keyGenerator: (req) => req.session.id })
      app.get('/limited', limiter, (_req, res) => {
        res.json({})
      })
    })
    const statuses = async (browser: Browser) => {
      await browser.send(url)
      const seen = []
      for (let i = 0; i < 3; i++) seen.push((await browser.send(`${url}/limited`)).status)
      return seen
    }
    expect(await statuses(new Browser())).toEqual([200, 200, 429])
    expect(await statuses(new Browser())).toEqual([200, 200, 429])
  })
})

await inEachDress('http-proxy-middleware', (start) => {
  test('passes requests and responses on, session and cookies of both sides included', async () => {
    const { url: target } = await listen(
      createServer((req, res) => {
        const chunks: Buffer[] = []
        req.on('data', (chunk) => chunks.push(chunk))
        req.on('end', () => {
          res.setHeader('Set-Cookie', 'inner=1; Path=/')
          res.end(JSON.stringify({ user: req.headers['x-user'], body: Buffer.concat(chunks).toString() }))
        })
      }),
    )
    const { url } = await start((app, session) => {
      app.use(session)
      app.use('/api', (req, _res, next) => {
        req.session.user ??= 'ada'
        req.session.visits = (req.session.visits ?? 0) + 1
        req.headers['x-user'] = `${req.session.user} ${req.session.visits}`
        next()
      })
      app.use('/api', createProxyMiddleware({ target, changeOrigin: true }))
      app.get('/', (req, res) => {
        res.json({ visits: req.session.visits })
      })
    })
    const browser = new Browser()
    const body = 'x'.repeat(100_000)
    const send = () => browser.json(`${url}/api/a`, { method: 'POST', body })
    expect(await send()).toEqual({ user: 'ada 1', body })
    expect(await send()).toEqual({ user: 'ada 2', body })
    expect(await browser.json(url)).toEqual({ visits: 2 })
    expect(browser.cookies.get('inner')).toBe('1')
  })
})

await inEachDress('compression and helmet', (start) => {
  test.each(['before', 'after'] as const)('mounted %s the session, change nothing of it', async (place) => {
    const layers = [compression({ threshold: 0 }), helmet()]
    const { url } = await start((app, session) => {
      if (place === 'before') app.use(layers)
      app.use(session)
      if (place === 'after') app.use(layers)
      app.get('/', (req, res) => {
        req.session.visits = (req.session.visits ?? 0) + 1
        res.json({ visits: req.session.visits, filling: 'x'.repeat(50_000) })
      })
    })
    const browser = new Browser()
    for (const visits of [1, 2, 3]) {
      const response = await browser.send(url, { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(await response.json()).toEqual({ visits, filling: 'x'.repeat(50_000) })
    }
  })
})

await inEachDress('multer', (start) => {
  test('takes uploads whose names the session keeps', async () => {
    const { url } = await start((app, session) => {
      app.use(session)
      app.post('/', multer().array('files'), (req, res) => {
        const names = (req.files as Express.Multer.File[]).map(
          ({ originalname, size }) => `${originalname} ${size}`,
        )
        req.session.files = [...(req.session.files ?? []), ...names]
        res.redirect('/')
      })
      app.get('/', (req, res) => {
        res.json({ files: req.session.files ?? [] })
      })
    })
    const browser = new Browser()
    const upload = async (...names: string[]) => {
      const body = new FormData()
      for (const name of names) body.append('files', new Blob(['x'.repeat(300_000)]), name)
      const response = await browser.send(url, { method: 'POST', body })
      expect(response.status).toBe(302)
    }
    await upload('a', 'b')
    await upload('c')
    expect(await browser.json(url)).toEqual({ files: ['a 300000', 'b 300000', 'c 300000'] })
  })
})
