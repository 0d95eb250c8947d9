import { doubleCsrf } from 'csrf-csrf'
import { csrfSync } from 'csrf-sync'
import express, { type ErrorRequestHandler } from 'express'
import { expect, test } from 'vitest'
import { Browser, inEachDress } from './app.ts'
import { secret } from './dresses.ts'

const onError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? error.statusCode ?? 500).json({ code: error.code })
}

await inEachDress('csrf-sync, whose token lies in the session', (start) => {
  test('takes the token of its session, and no other, and none', async () => {
    const { url } = await start((app, session) => {
      const { generateToken, csrfSynchronisedProtection } = csrfSync()
      app.use(session, express.json())
      app.get('/token', (req, res) => {
        res.json({ token: generateToken(req) })
      })
      app.post('/', csrfSynchronisedProtection, (_req, res) => {
        res.json({ done: true })
      })
      app.use(onError)
    })
    const [ada, eve] = [new Browser(), new Browser()]
    const token = (await ada.json(`${url}/token`)).token as string
    const other = (await eve.json(`${url}/token`)).token as string
    expect((await ada.post(url, {}, { 'x-csrf-token': token })).status).toBe(200)
    expect((await ada.json(`${url}/token`)).token).toBe(token)
    expect((await ada.post(url, {}, { 'x-csrf-token': other })).status).toBe(403)
    expect((await ada.post(url)).status).toBe(403)
    expect((await new Browser().post(url, {}, { 'x-csrf-token': token })).status).toBe(403)
  })
})

await inEachDress('csrf-csrf, whose token is bound to the id of the session', (start) => {
  test('takes a token until the id changes', async () => {
    const { url } = await start((app, session) => {
      const { generateCsrfToken, doubleCsrfProtection } = doubleCsrf({
        getSecret: () => secret,
        getSessionIdentifier: (req) => req.session.id,
        cookieName: 'csrf',
        cookieOptions: { secure: false },
      })
      app.use(session, (req, _res, next) => {
        const names = (req.headers.cookie ?? '').split('; ').map((pair) => pair.split('='))
        req.cookies = Object.fromEntries(
          names.map(([name, value]) => [name, decodeURIComponent(value ?? '')]),
        )
        next()
      })
      app.get('/token', (req, res) => {
        req.session.visits ??= 1
        res.json({ token: generateCsrfToken(req, res, { overwrite: true }) })
      })
      app.post('/', doubleCsrfProtection, (_req, res) => {
        res.json({ done: true })
      })
      app.post('/renew', (req, res, next) => {
        req.session.regenerate((error) => {
          if (error) return next(error)
          req.session.visits = 1
          res.json({})
        })
      })
      app.use(onError)
    })
    const browser = new Browser()
    const token = (await browser.json(`${url}/token`)).token as string
    expect((await browser.post(url, {}, { 'x-csrf-token': token })).status).toBe(200)
    expect((await browser.post(url, {}, { 'x-csrf-token': 'another' })).status).toBe(403)
    await browser.post(`${url}/renew`)
    expect((await browser.post(url, {}, { 'x-csrf-token': token })).status).toBe(403)
    const fresh = (await browser.json(`${url}/token`)).token as string
    expect((await browser.post(url, {}, { 'x-csrf-token': fresh })).status).toBe(200)
  })
})
