import { fileURLToPath } from 'node:url'
import type { Session } from '@tegata/core'
import { getSession, session } from '@tegata/express'
import { type DjangoSessions, djangoCsrfToken, djangoLogout, djangoUser } from '@tegata/format-django'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { isFromHere } from './is-from-here.ts'

export interface VisitData {
  visits?: number
  note?: { text: string; by: 'Express' }
}

const MAX_NOTE_LENGTH = 200
const publicFolder = fileURLToPath(new URL('../public', import.meta.url))

/** The pages and the API of the Express side. */
export function createApp(sessions: DjangoSessions<VisitData>): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(express.static(publicFolder))
  app.use(express.json({ limit: '10kb' }), refuseOtherSites, session(sessions))

  app.get('/api/me', async (req, res) => {
    res.json(describe(await getSession<VisitData>(req)))
  })

  app.post('/api/visits', async (req, res) => {
    const current = await getSession<VisitData>(req)
    await current.update((data) => {
      data.visits = (data.visits ?? 0) + 1
    })
    res.json(describe(current))
  })

  app.post('/api/note', async (req, res) => {
    const current = await getSession<VisitData>(req)
    current.data.note = { text: String(req.body?.text ?? '').slice(0, MAX_NOTE_LENGTH), by: 'Express' }
    res.json(describe(current))
  })

  app.post('/api/logout', async (req, res) => {
    await djangoLogout(await getSession(req))
    res.json({ user: null })
  })

  app.use(answerError)
  return app
}

function describe(current: Session<VisitData>) {
  const { visits = 0, note = null } = current.data
  const user = djangoUser(current)
  // For the form that logs out with Django, which checks it.
  return { user: user?.id ?? null, visits, note, csrf: user ? djangoCsrfToken(current) : null }
}

const refuseOtherSites: RequestHandler = (req, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD' || isFromHere(req.headers)) return next()
  res.status(403).json({ error: { code: 'CROSS_SITE' } })
}

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  const { status = 500, code = 'UNEXPECTED' } = error
  if (status >= 500) console.error(error)
  res.status(status).json({ error: { code } })
}
