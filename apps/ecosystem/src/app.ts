import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { redisOrSkip } from '@tegata/test-servers'
import express, { type Express, type RequestHandler } from 'express'
import { afterEach, describe } from 'vitest'
import { dresses } from './dresses.ts'

export interface Running {
  app: Express
  server: Server
  url: string
  /** The session middleware; mounted already unless the app asks for it elsewhere. */
  session: RequestHandler
}

type Start = (build: (app: Express, session: RequestHandler) => unknown) => Promise<Running>

const stops: (() => unknown)[] = []

/** A suite for each dress: `start` serves an app until the end of its test. */
export const inEachDress = (title: string, suite: (start: Start, name: string) => void) =>
  redisOrSkip(title, (redis) => {
    afterEach(async () => {
      for (const stop of stops.splice(0).reverse()) await stop()
    })
    describe.each(Object.entries(dresses))('on %s', (name, dress) => {
      const start: Start = async (build) => {
        const { handler, stop } = await dress(redis.port)
        stops.push(stop)
        const app = express()
        await build(app, handler)
        const { url, server } = await listen(createServer(app))
        return { app, server, url, session: handler }
      }
      suite(start, name)
    })
  })

/** Serves until the end of the test. */
export async function listen(server: Server): Promise<{ url: string; server: Server }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** To be called at the end of the test. */
export const atTheEnd = (stop: () => unknown) => stops.push(stop)

/** A browser that keeps the cookies of one site, and follows no redirect. */
export class Browser {
  readonly cookies = new Map<string, string>()

  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async send(
    url: string,
    { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {},
  ) {
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { ...headers, cookie: this.header },
    })
    for (const setCookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? []
      if (value === '' || /max-age=0/i.test(setCookie)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  async json(url: string, init: RequestInit & { headers?: Record<string, string> } = {}) {
    return (await (await this.send(url, init)).json()) as Record<string, unknown>
  }

  post(url: string, body: object = {}, headers: Record<string, string> = {}) {
    return this.send(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  copy(): Browser {
    const browser = new Browser()
    for (const [name, value] of this.cookies) browser.cookies.set(name, value)
    return browser
  }
}
