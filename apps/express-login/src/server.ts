import { createSessions } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { memoryStore } from '@tegata/store-memory'
import { Redis } from 'ioredis'
import { createApp } from './app.ts'

const port = Number(process.env.PORT ?? 3000)
const host = process.env.HOST ?? '127.0.0.1'
/** What a response under way may still take when the process is asked to end. */
const GRACE_MS = 1000

// The one line that differs: where sessions lie.
const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined
redis?.on('error', (error) => console.error(`Redis: ${error.message || error}`))

const sessions = createSessions<{ visits?: number }>({
  store: redis ? ioredisStore(redis) : memoryStore(),
  onEvent: (event) => {
    if (event.type === 'store-error') console.error(`Sessions: ${event.error.message}`)
  },
})

const server = createApp(sessions).listen(port, host, (error?: Error) => {
  if (error) {
    console.error(`Cannot listen on port ${port}: ${error.message}. Set PORT to another one.`)
    process.exit(1)
  }
  console.log(
    `Sessions in ${redis ? `Redis at ${address(process.env.REDIS_URL)}` : 'memory (set REDIS_URL for Redis)'}`,
  )
  console.log(`http://localhost:${(server.address() as { port: number }).port}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => redis?.disconnect())
    server.closeIdleConnections()
    // The spare connection that a browser opens ahead of its next request does not count as idle.
    setTimeout(() => server.closeAllConnections(), GRACE_MS).unref()
  })
}

/** Without a password that may be in it. */
function address(url = ''): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname}${port && `:${port}`}${pathname.length > 1 ? pathname : ''}`
}
