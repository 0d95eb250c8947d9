import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'
import { atTheEnd, Browser, inEachDress } from './app.ts'

interface WithSession {
  session: {
    user?: string
    visits?: number
    save(done: (error?: unknown) => void): void
    reload(done: (error?: unknown) => void): void
  }
}

await inEachDress('Socket.IO', (start) => {
  test.each(['websocket', 'polling'] as const)(
    'reads and saves the session of its handshake by %s',
    async (transport) => {
      const { url, server, session } = await start((app, session) => {
        app.use(session)
        app.get('/login', (req, res) => {
          req.session.user = 'ada'
          res.json({})
        })
        app.get('/', (req, res) => {
          res.json({ user: req.session.user, visits: req.session.visits })
        })
      })
      const sockets = new Server(server)
      sockets.engine.use(session)
      sockets.on('connection', (socket) => {
        const { session } = socket.request as unknown as WithSession
        socket.on('visit', (answer: (visits: unknown) => void) => {
          session.reload((error) => {
            if (error) return answer(String(error))
            session.visits = (session.visits ?? 0) + 1
            session.save((failure) => answer(failure ? String(failure) : [session.user, session.visits]))
          })
        })
      })
      atTheEnd(() => sockets.close())

      const browser = new Browser()
      await browser.send(`${url}/login`)
      const socket = io(url, { transports: [transport], extraHeaders: { cookie: browser.header } })
      atTheEnd(() => socket.close())
      expect(await socket.timeout(5000).emitWithAck('visit')).toEqual(['ada', 1])
      expect(await socket.timeout(5000).emitWithAck('visit')).toEqual(['ada', 2])
      expect(await browser.json(url)).toEqual({ user: 'ada', visits: 2 })
    },
  )
})
