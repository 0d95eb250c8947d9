import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as after from './after.ts'
import * as before from './before.ts'

/** A browser's cookie, sent to whichever server. */
class Browser {
  cookie: string

  constructor(cookie = '') {
    this.cookie = cookie
  }

  async send(url: string, method = 'GET', body?: object) {
    const response = await fetch(url, {
      ...{ method, redirect: 'manual' },
      ...(body && { body: JSON.stringify(body) }),
      headers: { cookie: this.cookie, 'content-type': 'application/json' },
    })
    const [setCookie] = response.headers.getSetCookie()
    if (setCookie) this.cookie = setCookie.split(';')[0] as string
    return response
  }

  async look(url: string) {
    return (await (await this.send(url)).json()) as { user: string | null; views: number; cart: string[] }
  }
}

await redisOrSkip('a shop on passport, express-session and connect-redis', (redis) => {
  let client: ReturnType<typeof createClient>
  const servers: Server[] = []
  const urls = { before: '', after: '' }
  beforeAll(async () => {
    client = createClient({ url: `redis://127.0.0.1:${redis.port}` })
    client.on('error', () => {})
    await client.connect()
    for (const [name, { createApp }] of Object.entries({ before, after })) {
      const server = createServer(createApp(client)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      servers.push(server)
      urls[name as keyof typeof urls] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
  })
  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
    await client.close()
  })
  const ada = { username: 'ada', password: 'open sesame' }

  describe.each(['before', 'after'] as const)('%s the migration', (name) => {
    test('logs in, fills a cart and logs out', async () => {
      const url = urls[name]
      const browser = new Browser()
      expect((await browser.send(`${url}/login`, 'POST', ada)).status).toBe(302)
      await browser.send(`${url}/cart/tea`, 'POST')
      expect(await browser.look(url)).toEqual({ user: 'ada', views: 1, cart: ['tea'] })
      await browser.send(`${url}/logout`, 'POST')
      expect((await browser.look(url)).user).toBeNull()
      await browser.send(`${url}/login`, 'POST', { ...ada, password: 'wrong' })
      expect((await browser.look(url)).user).toBeNull()
    })
  })

  test('who logged in before the migration is logged in after it, and back', async () => {
    for (const [from, to] of [
      [urls.before, urls.after],
      [urls.after, urls.before],
    ] as const) {
      const browser = new Browser()
      await browser.send(`${from}/login`, 'POST', ada)
      await browser.send(`${from}/cart/tea`, 'POST')
      await browser.look(to)
      await browser.send(`${to}/cart/rice`, 'POST')
      expect(await browser.look(from)).toEqual({ user: 'ada', views: 2, cart: ['tea', 'rice'] })
      await browser.send(`${to}/logout`, 'POST')
      expect((await browser.look(from)).user).toBeNull()
    }
  })

  test('after the migration a slow request brings no session back that was logged out meanwhile', async () => {
    const url = urls.after
    const browser = new Browser()
    await browser.send(`${url}/login`, 'POST', ada)
    const { cookie } = browser
    const slow = underWay(new Browser(cookie).send(`${url}/cart/tea`, 'POST'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    await browser.send(`${url}/logout`, 'POST')
    await slow
    expect((await new Browser(cookie).look(url)).user).toBeNull()
  })
})
