import { type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What the Django site answers; everything else is Express'. */
const DJANGOS = /^\/(?:django|admin|static)(?:\/|$|\?)/

/** Django and Express behind one origin, so that one cookie is sent to both. */
export function oneOrigin(
  django: string,
  express: (req: IncomingMessage, res: ServerResponse) => void,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => (DJANGOS.test(req.url ?? '') ? forward(new URL(django), req, res) : express(req, res))
}

function forward({ hostname, port }: URL, req: IncomingMessage, res: ServerResponse): void {
  const { method = 'GET', url = '/', headers } = req
  const upstream = request({ hostname, port, method, path: url, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
    answer.on('error', () => res.destroy())
  })
  upstream.on('error', () => {
    if (res.headersSent) res.destroy()
    else res.writeHead(502, { 'Content-Type': 'text/plain' }).end('Django cannot be reached at the moment.')
  })
  res.on('close', () => upstream.destroy())
  req.pipe(upstream)
}
