import flash from 'connect-flash'
import express from 'express'
import { Passport } from 'passport'
import { Strategy } from 'passport-local'
import { expect, test } from 'vitest'
import { Browser, inEachDress } from './app.ts'

await inEachDress('Passport 0.7 with connect-flash', (start) => {
  const serve = (options: { keepSessionInfo?: boolean } = {}) =>
    start((app, session) => {
      const passport = new Passport()
      passport.use(
        new Strategy((name, password, done) =>
          password === 'right' ? done(null, { name }) : done(null, false, { message: `No, ${name}.` }),
        ),
      )
      passport.serializeUser((user, done) => done(null, (user as { name: string }).name))
      passport.deserializeUser((name, done) => done(null, { name }))
      app.use(session, flash(), passport.initialize(), passport.session(), express.json())
      app.post('/visit', (req, res) => {
        req.session.visits = (req.session.visits ?? 0) + 1
        res.json({ visits: req.session.visits })
      })
      app.post(
        '/login',
        passport.authenticate('local', {
          ...{ successRedirect: '/', failureRedirect: '/', failureFlash: true, ...options },
        }),
      )
      app.post('/logout', (req, res, next) => {
        req.logout(options, (error) => (error ? next(error) : res.redirect('/')))
      })
      app.get('/', (req, res) => {
        const { visits } = req.session
        const isIn = req.isAuthenticated()
        res.json({ user: (req.user as { name?: string })?.name, isIn, visits, errors: req.flash('error') })
      })
    })
  const right = { username: 'ada', password: 'right' }

  test('logs in under a new id, and the redirect finds it', async () => {
    const { url } = await serve()
    const browser = new Browser()
    await browser.post(`${url}/visit`)
    const before = browser.copy()
    const response = await browser.post(`${url}/login`, right)
    expect([response.status, response.headers.get('location')]).toEqual([302, '/'])
    expect(await browser.json(url)).toEqual({ user: 'ada', isIn: true, errors: [] })
    expect(browser.header).not.toBe(before.header)
    expect(await before.json(url)).toEqual({ isIn: false, errors: [] })
  })

  test('keeps what the session held where keepSessionInfo asks for it, through login and logout', async () => {
    const { url } = await serve({ keepSessionInfo: true })
    const browser = new Browser()
    await browser.post(`${url}/visit`)
    await browser.post(`${url}/login`, right)
    expect(await browser.json(url)).toMatchObject({ user: 'ada', visits: 1 })
    await browser.post(`${url}/logout`)
    expect(await browser.json(url)).toEqual({ isIn: false, visits: 1, errors: [] })
  })

  test('logs out, also whoever holds the cookie from before', async () => {
    const { url } = await serve()
    const browser = new Browser()
    await browser.post(`${url}/login`, right)
    const stolen = browser.copy()
    await browser.post(`${url}/logout`)
    expect(await browser.json(url)).toMatchObject({ isIn: false })
    expect(await stolen.json(url)).toMatchObject({ isIn: false })
  })

  test('shows a flash message once, after the redirect', async () => {
    const { url } = await serve()
    const browser = new Browser()
    await browser.post(`${url}/login`, { username: 'eve', password: 'wrong' })
    expect(await browser.json(url)).toMatchObject({ isIn: false, errors: ['No, eve.'] })
    expect(await browser.json(url)).toMatchObject({ errors: [] })
  })
})
