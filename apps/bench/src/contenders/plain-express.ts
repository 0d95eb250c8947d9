import express, { type Express } from 'express'

/** As all contenders on Express begin: without what costs time and has nothing to do with sessions. */
export function plainExpress(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  return app
}
