import { fileURLToPath } from 'node:url'
import type { Session, Sessions } from '@tegata/core'
import { destroySession, getSession, session } from '@tegata/express'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { httpError, isFromElsewhere, readUser } from './requests.ts'

export interface VisitData {
  visits?: number
}

const publicFolder = fileURLToPath(new URL('../public', import.meta.url))

export function createApp(sessions: Sessions<VisitData>): express.Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(express.static(publicFolder))
  app.use(express.json({ limit: '10kb' }), express.urlencoded({ limit: '10kb' }))
  app.use(refuseOtherSites)
  app.use(session(sessions))

  const describe = ({ owner, data, isNew, handle, expiresAt, absoluteExpiresAt }: Session<VisitData>) => {
    // Nothing is stored for a visitor who has done nothing yet.
    const isStored = !isNew || owner !== undefined || Object.keys(data).length > 0
    return {
      user: owner ?? null,
      visits: data.visits ?? 0,
      store: sessions.store.name,
      isNew,
      handle: isStored ? handle : null,
      expiresAt: isStored ? expiresAt : null,
      absoluteExpiresAt: isStored ? absoluteExpiresAt : null,
    }
  }

  app.get('/api/session', async (req, res) => {
    res.json(describe(await getSession<VisitData>(req)))
  })

  app.post('/api/visits', async (req, res) => {
    const session = await getSession<VisitData>(req)
    // Exact, however many tabs do it at the same time.
    const visits = await session.update((data) => {
      data.visits = (data.visits ?? 0) + 1
      return data.visits
    })
    res.json({ visits })
  })

  app.post('/login', async (req, res) => {
    const user = readUser(req.body)
    const session = await getSession<VisitData>(req)
    await session.authenticate(user)
    if (req.is('json')) res.json(describe(session))
    else res.redirect(303, '/')
  })

  app.post('/logout', async (req, res) => {
    await destroySession(req)
    if (req.is('urlencoded')) res.redirect(303, '/')
    else res.json({ user: null })
  })

  app.use('/api', (_req, _res, next) => next(httpError(404, 'NOT_FOUND', 'There is no such route.')))
  app.use(answerError)
  return app
}

const refuseOtherSites: RequestHandler = (req, _res, next) => {
  if (!isFromElsewhere(req)) return next()
  next(httpError(403, 'CROSS_SITE', 'This request comes from another site.'))
}

const answerError: ErrorRequestHandler = (error, req, res, _next) => {
  const { status = 500, code = 'UNEXPECTED', expose = status < 500, message } = error
  if (status >= 500) console.error(error)
  const text = expose ? message : status === 503 ? UNAVAILABLE : 'Something went wrong.'
  res.status(status)
  if (req.is('urlencoded')) res.type('text').send(text)
  else res.json({ error: { code, message: text } })
}

const UNAVAILABLE =
  'Sessions cannot be reached at the moment. You are still logged in; please try again soon.'
