import { access } from 'node:fs/promises'
import { redisOrSkip } from '@tegata/test-servers'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type App, startInTest } from './testing.ts'

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** The application reaches nothing but itself, and neither does the browser. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

async function findChromium(): Promise<string | undefined> {
  for (const path of CANDIDATES) {
    if (
      path &&
      (await access(path).then(
        () => true,
        () => false,
      ))
    )
      return path
  }
  return undefined
}

const executablePath = await findChromium()
if (!executablePath) {
  const reason = 'no Chromium: install it, or set CHROMIUM to its path'
  if (process.env.CI) throw new Error(`The page cannot be tested: ${reason}.`)
  console.warn(`Skipped: the page in a browser (${reason}).`)
}

describe.skipIf(!executablePath)('the page in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath as string, args: ARGS })
  })
  afterAll(() => browser?.close())

  async function open(app: App): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 900, height: 760 } })
    onTestFinished(() => page.close())
    await page.goto(app.url)
    return page
  }

  const text = (page: Page, id: string) => page.locator(`#${id}`).textContent()

  async function logIn(page: Page, name: string) {
    await page.fill('#user', name)
    await page.click('#login button')
    await page.waitForSelector('#member:visible')
    await expect.poll(() => text(page, 'visits')).toBe('1')
  }

  test('logs in, counts, shows two deadlines running down, and logs out', async () => {
    const app = await startInTest()
    const page = await open(app)
    // The page is there before what it asks for.
    await expect.poll(() => text(page, 'store')).toBe('memory')
    expect(await page.context().cookies()).toEqual([])

    await logIn(page, 'Ann')
    expect(await text(page, 'name')).toBe('Ann')
    await page.reload()
    await expect.poll(() => text(page, 'visits')).toBe('2')
    await page.click('#count')
    await expect.poll(() => text(page, 'visits')).toBe('3')

    expect(await text(page, 'handle')).toMatch(/^[\w-]{12}$/)
    expect(await text(page, 'absolute')).toMatch(/^(29|30) d \d\d:\d\d:\d\d$/)
    const before = await text(page, 'idle')
    expect(before).toMatch(/^(1 d 00:00:00|23:59:\d\d)$/)
    await expect.poll(() => text(page, 'idle'), { timeout: 3000 }).not.toBe(before)

    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/page.png` })
    await page.click('#logout button')
    await page.waitForSelector('#login:visible')
    expect(await text(page, 'visits')).toBe('0')
    expect(await page.context().cookies()).toEqual([])
  })

  test('shows a name that looks like HTML as it is', async () => {
    const app = await startInTest()
    const page = await open(app)
    await logIn(page, '<b>Ann</b>')
    expect(await text(page, 'name')).toBe('<b>Ann</b>')
  })

  test('reaches nothing but the app itself, without an error in the console', async () => {
    const app = await startInTest()
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => !request.url().startsWith(app.url) && problems.push(request.url()))
    await page.goto(app.url)
    await logIn(page, 'Ann')
    expect(problems).toEqual([])
  })
})

await redisOrSkip('the page on Redis', (redis) => {
  test.skipIf(!executablePath)('still knows its user after a restart of the server', async () => {
    const browser = await chromium.launch({ executablePath: executablePath as string, args: ARGS })
    onTestFinished(() => browser.close())
    const context = await browser.newContext()
    const page = await context.newPage()
    const first = await startInTest(redis.url)
    await page.goto(first.url)
    await page.fill('#user', 'Ann')
    await page.click('#login button')
    await page.waitForSelector('#member:visible')
    await first.stop()

    const second = await startInTest(redis.url)
    // Cookies know no ports: the same browser goes on where the next process listens.
    await page.goto(second.url)
    await page.waitForSelector('#member:visible')
    expect(await page.locator('#name').textContent()).toBe('Ann')
    expect(await page.locator('#store').textContent()).toBe('redis')
  })
})
