import { createHmac } from 'node:crypto'
import { type CookieOptions, createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import Keygrip from 'keygrip'
import Koa from 'koa'
import { afterEach, describe, expect, test } from 'vitest'
import { type KeygripTransportOptions, keygripTransport, session } from './index.ts'
import { closeAll, listen } from './testing.ts'

afterEach(closeAll)

const keys = ['new key', 'old key']

/** A request's cookie, as Koa itself signs it. */
async function signedByKoa(value: string, by: readonly string[] | Keygrip, name = 'koa.sess') {
  const app = new Koa()
  app.keys = by as string[]
  app.use((ctx) => {
    ctx.cookies.set(name, value, { signed: true })
    ctx.body = 'ok'
  })
  return cookiesOf(await fetch(await listen(app)))
}

const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

function open(options: KeygripTransportOptions, cookie: CookieOptions = {}) {
  const sessions = createSessions({
    store: memoryStore(),
    cookie: { name: 'koa.sess', ...cookie },
    transport: keygripTransport(options),
  })
  const app = new Koa()
  app.use(session(sessions, app))
  app.use(async (ctx) => {
    if (ctx.path === '/put') ctx.session.n = 1
    if (ctx.path === '/logout') ctx.session = null
    ctx.body = { ...ctx.session }
  })
  app.proxy = true
  return listen(app)
}

describe("koa-session's cookies", () => {
  test('are read in quotes, as Koa reads them', async () => {
    const address = await open({ keys })
    const cookie = cookiesOf(await fetch(`${address}/put`)).replaceAll(/=([^;]+)/g, '="$1"')
    expect(await (await fetch(address, { headers: { cookie } })).json()).toEqual({ n: 1 })
  })

  test('are the bare id, and its HMAC in a second one, that Koa itself accepts', async () => {
    const address = await open({ keys })
    const setCookies = (await fetch(`${address}/put`)).headers.getSetCookie()
    const cookie = setCookies.map((one) => one.split(';')[0]).join('; ')
    const [, id, signature] = /^koa\.sess=([\w-]+); koa\.sess\.sig=([\w-]+)$/.exec(cookie) as RegExpExecArray
    const expected = createHmac('sha1', 'new key').update(`koa.sess=${id}`).digest('base64url')
    expect(signature).toBe(expected)

    const app = new Koa()
    app.keys = keys
    app.use((ctx) => {
      ctx.body = ctx.cookies.get('koa.sess', { signed: true })
    })
    expect(await (await fetch(await listen(app), { headers: { cookie } })).text()).toBe(id)
  })

  test.each<[string, readonly string[] | Keygrip]>([
    ['the first key', ['new key']],
    ['an older key', ['old key']],
  ])('are read when Koa signed them with %s', async (_, by) => {
    const address = await open({ keys })
    const first = cookiesOf(await fetch(`${address}/put`))
    const id = /koa\.sess=([\w-]+)/.exec(first)?.[1] as string
    const cookie = await signedByKoa(id, by)
    expect(await (await fetch(address, { headers: { cookie } })).json()).toEqual({ n: 1 })
  })

  test('are signed by a Keygrip with a hash of its own', async () => {
    const keygrip = new Keygrip(['key'], 'sha256')
    const address = await open({ keys: keygrip })
    const first = cookiesOf(await fetch(`${address}/put`))
    const id = /koa\.sess=([\w-]+)/.exec(first)?.[1] as string
    expect(first).toBe(await signedByKoa(id, keygrip))
    expect(await (await fetch(address, { headers: { cookie: first } })).json()).toEqual({ n: 1 })
  })

  test('are nobody’s when a signature is missing, another’s, or of another name', async () => {
    const address = await open({ keys })
    const first = cookiesOf(await fetch(`${address}/put`))
    const id = /koa\.sess=([\w-]+)/.exec(first)?.[1] as string
    const forged = [
      `koa.sess=${id}`,
      `koa.sess=${id}; koa.sess.sig=`,
      `koa.sess=${id}; koa.sess.sig=${'A'.repeat(27)}`,
      `koa.sess=${id}; koa.sess.sig=${'A'.repeat(8000)}`,
      await signedByKoa(id, ['another key']),
      (await signedByKoa(id, keys, 'other')).replaceAll('other', 'koa.sess'),
    ]
    for (const cookie of forged) {
      expect(await (await fetch(address, { headers: { cookie } })).json()).toEqual({})
    }
  })

  test('share their attributes, and are cleared together', async () => {
    const address = await open({ keys }, { path: '/app', sameSite: 'strict', deadline: 'idle' })
    const headers = { 'X-Forwarded-Proto': 'https' }
    const put = await fetch(`${address}/put`, { headers })
    const attributes = put.headers.getSetCookie().map((one) => one.split('; ').slice(1))
    expect(attributes[0]).toEqual([
      'Path=/app',
      expect.stringMatching(/^Expires=/),
      'HttpOnly',
      'Secure',
      'SameSite=Strict',
    ])
    expect(attributes[1]).toEqual(attributes[0])

    const logout = await fetch(`${address}/logout`, { headers: { ...headers, cookie: cookiesOf(put) } })
    expect(logout.headers.getSetCookie()).toEqual(
      ['koa.sess', 'koa.sess.sig'].map(
        (name) =>
          `${name}=; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict`,
      ),
    )
  })

  test.each([{ keys: [] }, { keys: [''] }, { keys: 'key' }, {}, undefined])(
    'need keys: %o is a TypeError',
    (options) => {
      expect(() => keygripTransport(options as never)).toThrow(TypeError)
    },
  )
})
