import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** As the other frameworks: something that a server of Node calls. */
export async function listenerOf(app: FastifyInstance): Promise<RequestListener> {
  await app.ready()
  return (req: IncomingMessage, res: ServerResponse) => app.routing(req, res)
}
