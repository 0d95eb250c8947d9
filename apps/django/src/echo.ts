import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Sessions } from '@tegata/core'
import { djangoUser } from '@tegata/format-django'
import { type WebSocket, WebSocketServer } from 'ws'
import { isFromHere } from './is-from-here.ts'

const PATH = '/echo'
/** How long a socket may outlive its login. */
const CHECK_MS = 1000
/** What a socket is closed with whose user has logged out. */
export const LOGGED_OUT = 4401

/** A WebSocket that says back what it hears, for those who are logged in, as long as they are. */
export function serveEcho<Data extends object>(server: Server, sessions: Sessions<Data>): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 10_000 })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    admit(req).then(
      (visitor) => {
        if (!visitor) return refuse(socket, '401 Unauthorized')
        sockets.handleUpgrade(req, socket, head, (accepted) => echo(accepted, visitor))
      },
      () => refuse(socket, '503 Service Unavailable'),
    )
  })

  async function admit(req: IncomingMessage) {
    // A browser sends cookies along with the sockets of any site.
    if (req.url !== PATH || !isFromHere(req.headers)) return undefined
    const session = await sessions.open({ cookie: req.headers.cookie }).session()
    const user = djangoUser(session)
    return user && { sessionId: session.id, user: user.id }
  }

  function echo(socket: WebSocket, { sessionId, user }: { sessionId: string; user: string }): void {
    const isStillThere = async () => {
      const session = await sessions.open({ id: sessionId }).session()
      return djangoUser(session)?.id === user
    }
    const check = () =>
      isStillThere().then(
        (isThere) => isThere || socket.close(LOGGED_OUT, 'logged out'),
        // An outage is not a logout.
        () => {},
      )
    const timer = setInterval(check, CHECK_MS)
    socket.on('close', () => clearInterval(timer))
    socket.on('error', () => socket.terminate())
    socket.on('message', (text) => socket.send(`${text}`))
    socket.send(`Hello, user ${user}.`)
  }
}

const refuse = (socket: Duplex, status: string) =>
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
