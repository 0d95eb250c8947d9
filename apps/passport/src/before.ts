import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import { Strategy } from 'passport-local'
import type { createClient } from 'redis'

declare module 'express-session' {
  interface SessionData {
    views: number
    cart: string[]
  }
}

/** A shop: log in, fill a cart, log out. */
export function createApp(client: ReturnType<typeof createClient>): express.Express {
  const passport = new Passport()
  passport.use(
    new Strategy((name, password, done) =>
      // A demo: whoever knows the word is who they say.
      password === 'open sesame' ? done(null, { name }) : done(null, false),
    ),
  )
  passport.serializeUser((user, done) => done(null, (user as { name: string }).name))
  passport.deserializeUser((name, done) => done(null, { name }))

  const app = express()
  app.use(express.json())
  app.use(
    session({
      store: new RedisStore({ client }),
      secret: ['a new secret', 'an old secret'],
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 3_600_000, sameSite: 'lax' },
    }),
  )
  app.use(passport.session())

  app.post('/login', passport.authenticate('local', { successRedirect: '/', failureRedirect: '/' }))
  app.post('/logout', (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect('/')))
  })
  app.post('/cart/:item', async (req, res) => {
    // A look at the stock takes a while.
    await new Promise((resolve) => setTimeout(resolve, 20))
    req.session.cart = [...(req.session.cart ?? []), req.params.item]
    res.json({ cart: req.session.cart })
  })
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    const { name } = (req.user ?? {}) as { name?: string }
    res.json({ user: name ?? null, views: req.session.views, cart: req.session.cart ?? [] })
  })
  return app
}
