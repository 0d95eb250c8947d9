import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { djangoOrSkip } from '@tegata/test-servers'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

const folder = fileURLToPath(new URL('..', import.meta.url))
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
]
const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

async function findChromium(): Promise<string | undefined> {
  for (const path of CANDIDATES) {
    const isThere = path && (await access(path).then(() => true, () => false)) // biome-ignore format: one thought
    if (isThere) return path
  }
  return undefined
}

const executablePath = await findChromium()
if (!executablePath) {
  const reason = 'no Chromium: install it, or set CHROMIUM to its path'
  if (process.env.CI) throw new Error(`The page cannot be tested: ${reason}.`)
  console.warn(`Skipped: one origin for Django, Express and a WebSocket (${reason}).`)
}

await djangoOrSkip('one origin for Django, Express and a WebSocket', (redis) => {
  let app: ChildProcess
  let url = ''

  beforeAll(async () => {
    app = spawn(process.execPath, ['start.mjs'], {
      cwd: folder,
      env: { ...process.env, PORT: '0', REDIS_URL: `${redis.url}/1` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (!app.stdout) throw new Error('The app has no output.')
    for await (const line of createInterface({ input: app.stdout })) {
      if (!/^http:\/\/localhost:\d+$/.test(line)) continue
      url = line
      break
    }
  })
  afterAll(async () => {
    if (!app || app.exitCode !== null) return
    const exited = once(app, 'exit')
    app.kill('SIGTERM')
    await exited
  })

  /** What a WebSocket is answered: a message, or the status that refuses it. */
  const knock = (headers: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/echo`, { headers })
      socket.on('message', (text) => {
        resolve(String(text))
        socket.close()
      })
      socket.on('unexpected-response', (_req, res) => {
        resolve(String(res.statusCode))
        socket.terminate()
      })
      socket.on('error', () => {})
    })

  test('opens no WebSocket to who is not logged in', async () => {
    expect(await knock({})).toBe('401')
    expect(await knock({ cookie: `sessionid=${'a'.repeat(32)}` })).toBe('401')
  })

  test('does not show the views that are for tests', async () => {
    expect((await fetch(`${url}/django/api/column?user=alice`)).status).toBe(404)
  })

  test('refuses what other sites send', async () => {
    const headers = { origin: 'http://elsewhere.invalid', 'content-type': 'application/json' }
    expect((await fetch(`${url}/api/visits`, { method: 'POST', headers, body: '{}' })).status).toBe(403)
  })

  describe.skipIf(!executablePath)('in a browser', () => {
    let browser: Browser
    let page: Page

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath as string, args: ARGS })
      const context = await browser.newContext({ viewport: { width: 1000, height: 860 } })
      page = await context.newPage()
    })
    afterAll(() => browser?.close())

    const logIn = async () => {
      await page.goto(`${url}/django/`)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('heading', { name: 'Hello, user 1' }).waitFor()
    }

    test('one login is one for all three', async () => {
      await page.goto(url)
      await page.getByRole('heading', { name: 'Hello, stranger' }).waitFor()
      await logIn()
      await page.getByRole('button', { name: 'Count one more' }).click()
      await expect.poll(() => page.locator('#visits').textContent()).toBe('1')
      await page.getByLabel('A note').fill('written by Express')
      await page.getByRole('button', { name: 'Keep' }).click()
      await page.getByLabel('What to say').fill('is anybody there?')
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByText('is anybody there?').waitFor()
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT })
      await page.goto(`${url}/admin/`)
      await page.getByText('Site administration').first().waitFor()
    })

    test('a page of another site opens no WebSocket, though the browser sends the cookie along', async () => {
      await logIn()
      const { value } = (await page.context().cookies()).find(({ name }) => name === 'sessionid') ?? {}
      const cookie = `sessionid=${value}`
      expect(await knock({ cookie, origin: url })).toBe('Hello, user 1.')
      expect(await knock({ cookie, origin: 'http://elsewhere.invalid' })).toBe('401')
    })

    test('logging out with Express logs out of Django, and closes the socket', async () => {
      await logIn()
      await page.getByText('Hello, user 1.').waitFor()
      await page.getByRole('button', { name: 'Log out with Express' }).click()
      await page.getByRole('heading', { name: 'Hello, stranger' }).waitFor()
      await page.getByText('closed: logged out').waitFor()
      await page.goto(`${url}/admin/`)
      expect(page.url()).toContain('/admin/login/')
    })

    test('logging out with Django, by a form of Express, logs out of Express, and closes the socket', async () => {
      await logIn()
      const other = await page.context().newPage()
      await other.goto(url)
      await other.getByText('Hello, user 1.').waitFor()
      await page.getByRole('button', { name: 'Log out with Django' }).click()
      await page.getByRole('heading', { name: 'Hello, stranger' }).waitFor()
      await other.getByText('closed: logged out').waitFor()
      await other.getByRole('heading', { name: 'Hello, stranger' }).waitFor()
    })
  })
})
