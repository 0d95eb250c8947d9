import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Hold, holdResponse } from './index.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function get(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

const nothing: Hold = { commit: () => undefined, setHeaders: () => {}, seal: () => {}, fail: () => {} }
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 5))

const mistake = (): never => {
  throw new Error('a mistake')
}
/** Something to save, and nothing more. */
const commitThen = (next: () => undefined) => {
  let isFirst = true
  return () => {
    if (!isFirst) return next()
    isFirst = false
    return soon()
  }
}

// Every kind of response, on HTTP/1 and HTTP/2, is in the matrix of @tegata/express.
describe('a response', () => {
  test('leaves after its commit, with the headers that were set then', async () => {
    const order: string[] = []
    const { headers, body } = await get((_req, res) => {
      holdResponse(res, {
        ...nothing,
        commit: () => (order.includes('saved') ? undefined : soon().then(() => void order.push('saved'))),
        setHeaders: () => res.setHeader('X-Order', order.join()),
        seal: () => order.push('sealed'),
      })
      res.end('hello')
    })
    expect(body).toBe('hello')
    expect(headers.get('x-order')).toBe('saved')
    expect(order).toEqual(['saved', 'sealed'])
  })

  test('passes at once where there is nothing to save', async () => {
    let wasSent = false
    const { body } = await get((_req, res) => {
      holdResponse(res, nothing)
      res.write('hel')
      wasSent = res.headersSent
      res.end('lo')
    })
    expect(body).toBe('hello')
    expect(wasSent).toBe(true)
  })

  test('waits once more, before its last byte, for what changed while it streamed', async () => {
    const order: string[] = []
    await get((_req, res) => {
      let isChanged = false
      holdResponse(res, {
        ...nothing,
        commit: () => (isChanged ? soon().then(() => void order.push('saved')) : undefined),
      })
      res.on('finish', () => order.push('finished'))
      res.write('one')
      isChanged = true
      res.end('two')
    })
    expect(order).toEqual(['saved', 'finished'])
  })

  test('tells nobody to write on once it has ended', async () => {
    const drained: boolean[] = []
    await get(async (_req, res) => {
      let commits = 0
      holdResponse(res, { ...nothing, commit: () => (++commits < 3 ? soon() : undefined) })
      res.on('drain', () => drained.push(res.writableEnded))
      res.write('x'.repeat(100_000))
      await once(res, 'drain')
      res.end()
    })
    expect(drained).toEqual([false])
  })

  test('leaves though what is to be saved is another thing each time', async () => {
    let commits = 0
    const { body } = await get((_req, res) => {
      holdResponse(res, {
        ...nothing,
        commit: () => {
          commits++
          return commits < 50 ? soon() : new Promise(() => {})
        },
      })
      res.end('hello')
    })
    expect(body).toBe('hello')
    expect(commits).toBe(5)
  })

  test('is as if nothing had been said when the commit fails', async () => {
    const { status, headers, body } = await get((_req, res) => {
      holdResponse(res, {
        ...nothing,
        commit: () => soon().then(() => Promise.reject(new Error('down'))),
        fail: () => {
          res.statusCode = 503
          res.end('sorry')
        },
      })
      res.setHeader('ETag', '"v1"')
      res.end('hello')
    })
    expect({ status, body, etag: headers.get('etag') }).toEqual({ status: 503, body: 'sorry', etag: null })
  })

  test.each<[string, string[]]>([
    [
      'body',
      [
        'Accept-Ranges',
        'Content-Digest',
        'Content-Disposition',
        'Content-Encoding',
        'Content-Language',
        'Content-Location',
        'Content-MD5',
        'Content-Range',
        'Digest',
        'ETag',
        'Last-Modified',
        'Link',
        'Repr-Digest',
        'Signature',
        'Signature-Input',
      ],
    ],
    ['status', ['Allow', 'Location', 'Refresh', 'Retry-After', 'WWW-Authenticate']],
    ['freshness', ['Age', 'Cache-Control', 'CDN-Cache-Control', 'Expires', 'Surrogate-Control']],
    // A logout that failed leaves the cookie.
    ['session', ['Clear-Site-Data']],
  ])('that failed says nothing more of its %s', async (_, names) => {
    const { status, headers } = await get((_req, res) => {
      holdResponse(res, {
        ...nothing,
        commit: () => soon().then(() => Promise.reject(new Error('down'))),
        fail: () => {
          res.statusCode = 503
          res.end('sorry')
        },
      })
      res.setHeader('X-Own', 'stays')
      for (const name of names) res.setHeader(name, 'x')
      res.end('hello')
    })
    expect([status, headers.get('X-Own')]).toEqual([503, 'stays'])
    expect(names.filter((name) => headers.has(name))).toEqual([])
  })

  test.each<[string, () => Partial<Hold>]>([
    ['its headers cannot be set', () => ({ commit: commitThen(() => undefined), setHeaders: mistake })],
    ['its headers cannot be set, and there is nothing to save', () => ({ setHeaders: mistake })],
    ['a second commit throws', () => ({ commit: commitThen(mistake) })],
  ])('is answered once when %s', async (_, hold) => {
    const { status, body } = await get((_req, res) => {
      holdResponse(res, {
        ...nothing,
        ...hold(),
        fail: (error) => {
          res.statusCode = 500
          res.end((error as Error).message)
        },
      })
      res.end('hello')
    })
    expect({ status, body }).toEqual({ status: 500, body: 'a mistake' })
  })

  test('is held by the first who asks', async () => {
    const order: string[] = []
    await get((_req, res) => {
      holdResponse(res, { ...nothing, seal: () => order.push('first') })
      holdResponse(res, { ...nothing, seal: () => order.push('second') })
      res.end()
    })
    expect(order).toEqual(['first'])
  })
})
