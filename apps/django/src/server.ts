import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { djangoSessions } from '@tegata/format-django'
import { createApp, type VisitData } from './app.ts'
import { serveEcho } from './echo.ts'
import { oneOrigin } from './proxy.ts'

const {
  REDIS_URL = 'redis://127.0.0.1:6379/1',
  DJANGO_URL = 'http://127.0.0.1:8000',
  PORT = '3000',
} = process.env
/** What a response under way may still take when the process is asked to end. */
const GRACE_MS = 1000

// The settings of the site that differ from Django's own defaults would stand here.
const sessions = djangoSessions<VisitData>({ url: REDIS_URL, settings: {} })

const server = createServer(oneOrigin(DJANGO_URL, createApp(sessions)))
serveEcho(server, sessions)
server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`)
})
server.on('error', (error) => {
  console.error(`Cannot listen on port ${PORT}: ${error.message}. Set PORT to another one.`)
  process.exit(1)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeIdleConnections()
    setTimeout(async () => {
      server.closeAllConnections()
      await sessions.close()
      process.exit()
    }, GRACE_MS)
  })
}
