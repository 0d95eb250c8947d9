import type { IncomingMessage, ServerResponse } from 'node:http'
import { Signer } from '@fastify/cookie'
import { type CookieTransport, createSessions, type ResolvedCookieOptions } from '@tegata/core'
import { serialize } from 'cookie'
import { sign } from 'cookie-signature'
import Cookies from 'cookies'
import Keygrip from 'keygrip'
import { describe, expect, test } from 'vitest'
import { connectTransport, fastifyTransport, koaTransport } from './index.ts'

const now = Date.UTC(2026, 0, 1)
const expires = new Date(now + 60_000)
const id = 'vUl2pVTjxDkb3LxSSwGHJSHRQRiEEKqN'
const uuid = '2c5b1f0e-9a1d-4f77-8f5e-6f0f5a2f9c11'
const secrets = ['the newest secret of thirty-two signs', 'the one before that, as long as it']

const options = (name: string, other: Partial<ResolvedCookieOptions> = {}): ResolvedCookieOptions => ({
  ...{ name, path: '/', domain: undefined, secure: 'auto', sameSite: 'lax', persistent: true },
  ...{ deadline: 'idle', partitioned: false, prefix: false, secrets },
  ...other,
})
const header = (setCookies: readonly string[]) => setCookies.map((text) => text.split(';')[0]).join('; ')

describe('connectTransport', () => {
  const transport = connectTransport(options('connect.sid'))

  test('writes the cookie that express-session writes', () => {
    const theirs = serialize('connect.sid', `s:${sign(id, secrets[0] as string)}`, {
      ...{ path: '/', httpOnly: true, sameSite: 'lax', expires },
    })
    expect(transport.set(id, false, expires.getTime(), now)).toEqual([theirs])
  })

  test('takes the signature of any of its secrets', () => {
    for (const secret of secrets) {
      const cookie = serialize('connect.sid', `s:${sign(id, secret)}`)
      expect(transport.read(cookie, false)).toBe(id)
    }
  })

  test('takes an id as odd as a genid of one’s own makes it', () => {
    for (const odd of ['a.b.c', 'ü/+=', 's:x', ' ']) {
      expect(transport.read(serialize('connect.sid', `s:${sign(odd, secrets[0] as string)}`), false)).toBe(
        odd,
      )
    }
  })

  test.each([
    ['unsigned', id],
    ['signed, without its prefix', sign(id, secrets[0] as string)],
    ['signed with another secret', `s:${sign(id, 'another')}`],
    ['of another id', `s:${sign(id, secrets[0] as string).replace('v', 'w')}`],
    ['without an id', `s:${sign('', secrets[0] as string)}`],
    ['cut off', `s:${sign(id, secrets[0] as string).slice(0, -1)}`],
    ['nothing', ''],
    ['longer than a cookie can be', `s:${sign('x'.repeat(5000), secrets[0] as string)}`],
  ])('reports a value as none of ours that is %s', (_, value) => {
    expect(transport.read(serialize('connect.sid', value), false)).toBe('malformed')
  })

  test('needs a secret', () => {
    expect(() => connectTransport(options('connect.sid', { secrets: [] }))).toThrow(TypeError)
  })
})

describe('fastifyTransport', () => {
  const signer = new Signer(secrets)

  test('writes the cookie that @fastify/session writes', () => {
    const transport = fastifyTransport(options('sessionId', { secure: true }))
    const theirs = serialize('sessionId', signer.sign(id), {
      ...{ path: '/', httpOnly: true, secure: true, sameSite: 'lax', expires },
    })
    expect(transport.set(id, true, expires.getTime(), now)).toEqual([theirs])
  })

  test('takes the signature of any of its secrets, and nothing else', () => {
    const transport = fastifyTransport(options('sessionId'))
    for (const secret of secrets) {
      expect(transport.read(serialize('sessionId', new Signer(secret).sign(id)), false)).toBe(id)
    }
    expect(transport.read(serialize('sessionId', id), false)).toBe('malformed')
    expect(transport.read(serialize('sessionId', new Signer('another'.repeat(9)).sign(id)), false)).toBe(
      'malformed',
    )
  })

  test('knows of a cookiePrefix', () => {
    const transport = fastifyTransport(options('sessionId'), { cookiePrefix: 's:' })
    expect(transport.read(serialize('sessionId', `s:${signer.sign(id)}`), false)).toBe(id)
    expect(transport.read(header(transport.set(id, false, undefined, now)), false)).toBe(id)
    expect(transport.read(serialize('sessionId', signer.sign(id)), false)).toBe('malformed')
  })
})

describe.each(['sha1', 'sha256'] as const)('koaTransport with %s', (algorithm) => {
  const transport = koaTransport(options('koa.sess'), { algorithm })
  const keys = new Keygrip(secrets, algorithm)

  test('writes the two cookies that koa-session writes', () => {
    let theirs: string[] = []
    const res = { getHeader: () => [], setHeader: (_: string, value: string[]) => (theirs = value) }
    const req = { headers: {}, socket: {} }
    const cookies = new Cookies(req as unknown as IncomingMessage, res as unknown as ServerResponse, { keys })
    cookies.set('koa.sess', uuid, { expires, sameSite: 'lax', signed: true })
    expect(transport.set(uuid, false, expires.getTime(), now)).toEqual(theirs)
    cookies.set('koa.sess', '', { sameSite: 'lax', signed: true })
    expect(transport.clear(false)).toEqual(theirs)
  })

  test('takes the signature of any of its keys, and nothing else', () => {
    for (const key of secrets) {
      const signature = new Keygrip([key], algorithm).sign(`koa.sess=${uuid}`)
      expect(transport.read(`koa.sess=${uuid}; koa.sess.sig=${signature}`, false)).toBe(uuid)
    }
    expect(transport.read(`koa.sess=${uuid}`, false)).toBe('malformed')
    expect(transport.read(`koa.sess=${uuid}; koa.sess.sig=x`, false)).toBe('malformed')
    const others = keys.sign(`other=${uuid}`)
    expect(transport.read(`koa.sess=${uuid}; koa.sess.sig=${others}`, false)).toBe('malformed')
  })
})

describe.each<[string, (cookie: ResolvedCookieOptions) => CookieTransport]>([
  ['connectTransport', connectTransport],
  ['fastifyTransport', fastifyTransport],
  ['koaTransport', koaTransport],
])('%s', (_, make) => {
  test('reads what it wrote, among other cookies, and nothing where there is nothing', () => {
    const transport = make(options('name'))
    const cookies = header(transport.set(id, true, undefined, now))
    expect(transport.read(`a=1; ${cookies}; b=2`, true)).toBe(id)
    expect(transport.read('a=1; xname=2; namex=3', true)).toBeUndefined()
    expect(transport.read(undefined, true)).toBeUndefined()
  })

  test('is accepted by createSessions', () => {
    const store = { read: 0, create: 0, replace: 0, rotate: 0, touch: 0, destroy: 0 }
    const verbs = Object.fromEntries(Object.keys(store).map((verb) => [verb, async () => null]))
    const sessions = createSessions({ store: verbs as never, transport: make, cookie: { secrets } })
    expect(sessions.open({}).headers().setCookies).toEqual([])
  })
})
