import grant from 'grant'
import { OAuth2Server } from 'oauth2-mock-server'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser, inEachDress } from './app.ts'

const issuer = new OAuth2Server()
beforeAll(async () => {
  await issuer.issuer.keys.generate('RS256')
  await issuer.start(0, '127.0.0.1')
})
afterAll(() => issuer.stop())

/** Follows redirects from one site to the other, each with its own cookies. */
async function follow(browser: Browser, url: string): Promise<Response> {
  const home = new URL(url).origin
  for (let at = url, hops = 0; ; hops++) {
    if (hops > 8) throw new Error(`Too many redirects, the last one to ${at}.`)
    const response = at.startsWith(home) ? await browser.send(at) : await fetch(at, { redirect: 'manual' })
    const location = response.headers.get('location')
    if (location === null) return response
    at = new URL(location, at).href
  }
}

await inEachDress('openid-client, whose verifier and state wait in the session', (start) => {
  test('logs in, and takes each answer once', async () => {
    const { url } = await start(async (app, session) => {
      const config = await oidc.discovery(
        new URL(issuer.issuer.url as string),
        'client',
        'client-secret',
        undefined,
        { execute: [oidc.allowInsecureRequests] },
      )
      app.use(session)
      app.get('/login', async (req, res) => {
        const verifier = oidc.randomPKCECodeVerifier()
        const state = oidc.randomState()
        req.session.oidc = { verifier, state }
        const target = oidc.buildAuthorizationUrl(config, {
          ...{ redirect_uri: `http://${req.headers.host}/callback`, scope: 'openid', state },
          ...{
            code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
            code_challenge_method: 'S256',
          },
        })
        res.redirect(target.href)
      })
      app.get('/callback', async (req, res, next) => {
        const { verifier, state } = req.session.oidc ?? {}
        if (!verifier || !state) return res.status(400).json({ error: 'nothing was asked' })
        const tokens = await oidc.authorizationCodeGrant(
          config,
          new URL(`http://${req.headers.host}${req.url}`),
          {
            ...{ pkceCodeVerifier: verifier, expectedState: state },
          },
        )
        req.session.regenerate((error) => {
          if (error) return next(error)
          req.session.user = tokens.claims()?.sub ?? ''
          res.redirect('/')
        })
      })
      app.get('/', (req, res) => {
        res.json({ user: req.session.user })
      })
    })
    const browser = new Browser()
    expect(await (await follow(browser, `${url}/login`)).json()).toEqual({ user: 'johndoe' })
    expect(await browser.json(url)).toEqual({ user: 'johndoe' })
    expect((await browser.send(`${url}/callback?code=x&state=y`)).status).toBe(400)
  })
})

await inEachDress('grant, whose answer comes in the session', (start) => {
  test('logs in through its redirects', async () => {
    const { url } = await start((app, session) => {
      const { url: base } = issuer.issuer
      app.use(session)
      app.use(
        grant.express({
          defaults: { transport: 'session', state: true },
          mock: {
            ...{ authorize_url: `${base}/authorize`, access_url: `${base}/token`, oauth: 2 },
            ...{
              key: 'client',
              secret: 'client-secret',
              scope: ['openid'],
              callback: '/done',
              dynamic: ['origin'],
            },
          },
        }),
      )
      app.get('/done', (req, res) => {
        const { access_token: token, error } = req.session.grant?.response ?? {}
        res.json({ hasToken: typeof token === 'string', error })
      })
      app.get('/', (req, res) => {
        res.json({ hasToken: req.session.grant?.response?.access_token !== undefined })
      })
    })
    const browser = new Browser()
    const response = await follow(browser, `${url}/connect/mock?origin=${encodeURIComponent(url)}`)
    expect(await response.json()).toEqual({ hasToken: true })
    expect(await browser.json(url)).toEqual({ hasToken: true })
  })
})
