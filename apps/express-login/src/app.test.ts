import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { redisOrSkip } from '@tegata/test-servers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { App, Client, startInTest } from './testing.ts'

const DAY = 86_400_000

function routes(start: () => Promise<App>, store: string) {
  let app: App
  beforeAll(async () => {
    app = await start()
  })
  afterAll(async () => void (await app?.stop()))

  test('a visitor who only looks gets no session and no cookie', async () => {
    const { json, setCookie, headers } = await new Client().get(app, '/api/session')
    expect(json).toEqual({
      user: null,
      visits: 0,
      store,
      isNew: true,
      handle: null,
      expiresAt: null,
      absoluteExpiresAt: null,
    })
    expect(setCookie).toBeUndefined()
    expect(headers.get('vary')).toContain('Cookie')
  })

  test.each([
    ['a form', new URLSearchParams({ user: ' Ann ' }), 303],
    ['JSON', { user: 'Ann' }, 200],
  ])('logs in by %s, counts visits and logs out', async (_, body, status) => {
    const client = new Client()
    expect((await client.post(app, '/login', body)).status).toBe(status)
    expect((await client.post(app, '/api/visits')).json).toEqual({ visits: 1 })
    expect((await client.post(app, '/api/visits')).json).toEqual({ visits: 2 })
    const { json } = await client.get(app, '/api/session')
    expect(json).toMatchObject({ user: 'Ann', visits: 2, store, isNew: false, handle: expect.any(String) })
    expect(Math.abs(json.expiresAt - Date.now() - DAY)).toBeLessThan(10_000)
    expect(Math.abs(json.absoluteExpiresAt - Date.now() - 30 * DAY)).toBeLessThan(10_000)
    expect((await client.post(app, '/logout')).json).toEqual({ user: null })
    expect(client.cookie).toBeUndefined()
    expect((await client.get(app, '/api/session')).json).toMatchObject({ user: null, visits: 0, isNew: true })
  })

  test('counts exactly, however many do it at the same time', async () => {
    const client = new Client()
    await client.post(app, '/login', { user: 'Ann' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.post(app, '/api/visits')))
    const visits = answers.map(({ json }) => json.visits).sort((a, b) => a - b)
    expect(visits).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  })

  test.each([{}, { user: '' }, { user: '  ' }, { user: 7 }, { user: 'x'.repeat(65) }, undefined])(
    'refuses to log in %o',
    async (body) => {
      const { status, json, setCookie } = await new Client().post(app, '/login', body)
      expect(status).toBe(400)
      expect(json.error.code).toBe('INVALID_USER')
      expect(setCookie).toBeUndefined()
    },
  )

  test('refuses what another site sends', async () => {
    const client = new Client()
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'https://evil.example' }]) {
      expect((await client.post(app, '/login', { user: 'Ann' }, headers)).status).toBe(403)
    }
    const own = { Origin: app.url }
    expect((await client.post(app, '/login', { user: 'Ann' }, own)).status).toBe(200)
  })

  test('answers JSON that is none, and routes that are none, with an error', async () => {
    const client = new Client()
    const broken = await fetch(`${app.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expect(broken.status).toBe(400)
    expect((await client.get(app, '/api/none')).status).toBe(404)
  })
}

describe('in memory', () => routes(() => App.start(), 'memory'))

await redisOrSkip(
  'in Redis',
  (redis) => {
    routes(() => App.start(redis.url), 'redis')

    test('a user stays logged in across restarts, and in every process', async () => {
      const client = new Client()
      const first = await startInTest(redis.url)
      await client.post(first, '/login', { user: 'Ann' })
      await client.post(first, '/api/visits')
      expect(await first.stop()).toBe(0)

      const [second, third] = await Promise.all([startInTest(redis.url), startInTest(redis.url)])
      expect((await client.get(second, '/api/session')).json).toMatchObject({
        user: 'Ann',
        visits: 1,
        isNew: false,
      })
      expect((await client.post(third, '/api/visits')).json).toEqual({ visits: 2 })
      expect((await client.post(second, '/api/visits')).json).toEqual({ visits: 3 })
      await client.post(third, '/logout')
      expect((await client.get(second, '/api/session')).json).toMatchObject({ user: null, isNew: true })
    })

    test('redis-cli shows readable JSON and the deadline', async () => {
      const client = new Client()
      const app = await startInTest(redis.url)
      await client.post(app, '/login', { user: 'Ann' })
      await client.post(app, '/api/visits')
      const { handle } = (await client.get(app, '/api/session')).json
      const key = (await redis.cli('--raw', 'KEYS', `tegata:${handle}*`)).trim()
      const [head, data] = JSON.parse(await redis.cli('--raw', 'GET', key))
      expect(head).toContain('owner=Ann')
      expect(data).toEqual({ visits: 1 })
      const left = Number(await redis.cli('PTTL', key))
      expect(left).toBeGreaterThan(DAY - 10_000)
      expect(left).toBeLessThanOrEqual(DAY)
    })

    test('while Redis is away everybody stays logged in, and is told', async () => {
      const client = new Client()
      const app = await startInTest(redis.url)
      await client.post(app, '/login', { user: 'Ann' })
      redis.freeze()
      onTestFinished(() => redis.thaw())
      const { status, json, setCookie } = await client.get(app, '/api/session')
      expect(status).toBe(503)
      expect(json.error).toEqual({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('still logged in'),
      })
      expect(setCookie).toBeUndefined()
      redis.thaw()
      await expect
        .poll(async () => (await client.get(app, '/api/session')).json.user, { timeout: 5000 })
        .toBe('Ann')
    })
  },
  { appendOnly: true },
)

test('the app ends when asked to, though a browser holds a connection on which it asked for nothing yet', async () => {
  const app = await startInTest()
  const spare = createConnection(Number(new URL(app.url).port), '127.0.0.1')
  onTestFinished(() => void spare.destroy())
  await once(spare, 'connect')
  await new Client().get(app, '/api/session')
  expect(await app.stop()).toBe(0)
})

test.skipIf(process.platform === 'win32')(
  'the app ends when npm, which has started it, is ended',
  async () => {
    const npm = spawn('npm', ['start'], {
      cwd: new URL('../../..', import.meta.url),
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void npm.kill('SIGTERM'))
    let url = ''
    for await (const line of createInterface({ input: npm.stdout })) {
      if (line.startsWith('http://localhost:')) {
        url = line.replace('localhost', '127.0.0.1')
        break
      }
    }
    expect((await fetch(`${url}/api/session`)).status).toBe(200)
    npm.kill('SIGTERM')
    await expect
      .poll(
        () =>
          fetch(url).then(
            () => 'alive',
            () => 'ended',
          ),
        { timeout: 5000 },
      )
      .toBe('ended')
  },
  120_000,
)
