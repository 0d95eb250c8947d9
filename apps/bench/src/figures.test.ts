import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { chart } from './chart.ts'
import { dataOf } from './contender.ts'
import type { Figures } from './figures.ts'
import { runsForGoals, verdicts } from './goals.ts'
import { load } from './load.ts'
import type { Cell } from './measure.ts'
import { readOptions } from './options.ts'
import { report } from './report.ts'
import { reportGoals } from './report-goals.ts'
import { estimate, median, paired, uncertainty } from './statistics.ts'
import { warmUp } from './warm-up.ts'

test('the median is that of the rounds', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([7])).toBe(7)
})

test('what a figure may be lies between rounds, of which the more are left aside the more there are', () => {
  expect(estimate([3, 1, 2])).toEqual({ value: 2, low: 1, high: 3 })
  expect(estimate([5, 1, 4, 2, 3])).toEqual({ value: 3, low: 1, high: 5 })
  expect(estimate([99, 1, 2, 3, 4, 5, 6, 7, -99])).toEqual({ value: 4, low: 1, high: 7 })
  expect(estimate(Array.from({ length: 11 }, (_, i) => i))).toEqual({ value: 5, low: 2, high: 8 })
  expect(uncertainty(estimate([3, 1, 2]))).toBe(1)
  expect(estimate([])).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN })
})

test('what disturbs a round of all contenders does not show in their ratio', () => {
  const ratios = paired(
    [
      [200, 800, 220],
      [100, 400, 110],
    ],
    (a, b) => a / b,
  )
  expect(ratios).toEqual([2, 2, 2])
})

test('a server is warm when two blocks in a row take the same time, and after six in any case', async () => {
  const blocks = async (...times: number[]) => {
    let block = 0
    let requests = 0
    await warmUp(200, async (amount) => {
      requests += amount
      return times[block++] ?? Number.NaN
    })
    return { block, requests }
  }
  expect(await blocks(50, 50)).toEqual({ block: 2, requests: 10_000 })
  expect(await blocks(200, 120, 100, 95)).toMatchObject({ block: 4 })
  expect(await blocks(900, 800, 700, 600, 500, 400, 300)).toMatchObject({ block: 6 })
})

test.each([27, 98, 200, 2000, 20_000, 200_000])('data of %i bytes are exactly as large as JSON', (size) => {
  expect(JSON.stringify(dataOf(size))).toHaveLength(size)
})

test('a load sends each request once, each with its cookie, and counts what fails', async () => {
  const cookies: (string | undefined)[] = []
  const server = createServer((req, res) => {
    cookies.push(req.headers.cookie)
    res.statusCode = cookies.length % 10 === 0 ? 500 : 200
    const body = 'x'.repeat(cookies.length)
    // In pieces, as large answers come.
    res.setHeader('Content-Length', body.length)
    res.write(body.slice(0, 1))
    setTimeout(() => res.end(body.slice(1)), 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo

  const own = Array.from({ length: 100 }, (_, i) => `sid=${i}`)
  const result = await load({ port, path: '/', amount: 100, connections: 7, cookies: own, once: true })
  expect(result.failed).toBe(10)
  expect(new Set(cookies)).toEqual(new Set(own))

  cookies.length = 0
  await load({ port, path: '/', amount: 50, connections: 2, cookies: ['sid=a', 'sid=b'] })
  expect(cookies).toHaveLength(50)
  expect(new Set(cookies)).toEqual(new Set(['sid=a', 'sid=b']))
})

test('options that make no sense are refused', () => {
  for (const args of [
    ['--contenders', 'rails'],
    ['--rounds', '0'],
    ['--sizes', 'big'],
    ['--sessions', '-1'],
    ['--sizes', ''],
    ['--goals', '--contenders', 'express-bare'],
    ['--goals', '--quick'],
  ]) {
    expect(() => readOptions(args)).toThrow(TypeError)
  }
  expect(readOptions(['--quick', '--scenarios', 'ignored-lazy'])).toMatchObject({
    runs: [{ size: 200, scenario: { name: 'ignored, lazy' } }],
  })
})

const cell = (contender: string, scenario: string, cpu: number[], more: Partial<Cell> = {}): Cell => ({
  ...{ contender, scenario, size: 200, cpu, redisCpu: cpu.map(() => 5), rate: cpu.map((time) => 1e6 / time) },
  ...{ failed: 0, commands: 1, bytes: { received: 1, sent: 2 } },
  ...more,
})

const figures = (cells: Cell[], more: Partial<Figures> = {}): Figures => ({
  machine: { node: 'v20', redis: '7', cpus: 'one', memory: 2 ** 30, load: [0, 0, 0], date: 'today' },
  asked: { command: '', rounds: 3, requests: 10, connections: 1, owners: false, leftOut: ['the rest'] },
  ...{ cells, rolling: [], many: [] },
  ...more,
})

test('a run says what it left out, and names no file', () => {
  const options = readOptions(['--quick', '--json', '/tmp/figures.json'])
  if (options === 'help') throw new Error('It was not asked for help.')
  expect(options.command).toBe('--quick')
  expect(options.leftOut.join('; ')).toMatch(/scenarios no-cookie.*sizes 2000.*sessions by owner/)
  expect(readOptions([])).toMatchObject({
    leftOut: [],
    owners: true,
    many: { sessions: [100_000, 1_000_000] },
  })
})

test('figures are shown beside those of the bare framework, and what was not measured as a dash', () => {
  const text = report(
    figures([
      cell('express-bare', 'read', [100, 300, 90]),
      cell('express-session', 'read', [200, 402, 188]),
      cell('express-tegata-ioredis', 'read', [101, 299, 91]),
      cell('express-bare', 'ignored, lazy', [100]),
    ]),
  )
  expect(text).toMatch(/express-session, connect-redis +\| 200 +\| – /)
  expect(text).toMatch(/express-session, connect-redis +\| 100 ± 2 +\| – /)
  expect(text).toContain('- the rest')
})

test('a difference that the noise hides is shown as such', () => {
  const text = report(
    figures([
      cell('express-bare', 'read', [100, 300, 90]),
      cell('express-tegata-ioredis', 'read', [101, 299, 91]),
    ]),
  )
  expect(text).toContain('[1 ± 1]')
})

const verdict = (goal: RegExp, of: Figures) => verdicts(of).find((one) => goal.test(one.goal))
const READ_200 = /^Express, read 200 B, ioredis/

test('a goal is met by the ratio of what is added in the same rounds', () => {
  const contenders = (added: number) => [
    cell('express-bare', 'read', [50, 500, 60]),
    cell('express-raw-ioredis', 'read', [60, 510, 70]),
    cell('express-tegata-ioredis', 'read', [50 + added, 500 + added, 60 + added]),
  ]
  expect(verdict(READ_200, figures(contenders(15)))).toMatchObject({ measured: { value: 1.5 }, met: true })
  expect(verdict(READ_200, figures(contenders(16)))).toMatchObject({ measured: { value: 1.6 }, met: false })
})

test('the goal of the drop-in is that of its worst scenario', () => {
  const scenario = (name: string, added: number) => [
    cell('express-bare', name, [50, 50]),
    cell('express-session-memory', name, [150, 150]),
    cell('drop-in-memory', name, [50 + added, 50 + added]),
  ]
  const found = verdict(
    /^drop-in, both with MemoryStore/,
    figures([...scenario('read', 30), ...scenario('login', 80), ...scenario('write', 20)]),
  )
  expect(found).toMatchObject({ met: false, measured: { value: 0.8 } })
  expect(found?.measured?.remark).toContain('login')
})

test('a goal that may be met or not is told as close', () => {
  const near = (rates: number[]) =>
    figures([
      cell('express-bare', 'read', [1, 1, 1], { rate: [100, 100, 100] }),
      cell('express-tegata-near', 'read', [1, 1, 1], { rate: rates, commands: 0 }),
    ])
  const NEAR = /^near cache, read: requests/
  expect(verdict(NEAR, near([95, 92, 85]))).toMatchObject({ met: true, isClose: true })
  expect(verdict(NEAR, near([80, 92, 85]))).toMatchObject({ met: false, isClose: true })
  expect(verdict(NEAR, near([95, 92, 91]))).toMatchObject({ met: true, isClose: false })
})

test('a goal without its figures says what is missing, and one whose requests failed has none', () => {
  expect(verdict(READ_200, figures([]))?.missing).toContain('express-tegata-ioredis')
  const failed = figures([
    cell('express-bare', 'read', [1]),
    cell('express-raw-ioredis', 'read', [2]),
    cell('express-tegata-ioredis', 'read', [2], { failed: 1 }),
  ])
  expect(verdict(READ_200, failed)?.missing).toContain('failed')
  const text = reportGoals(verdicts(figures([])))
  expect(text).toContain('n/a: ')
  expect(text).toMatch(/^0 of \d+ goals are met, 0 are not, \d+ were not measured/m)
})

test('memory, listings and owners have their goals', () => {
  const listing = { count: 1_000_000, took: 1, blocked: 25, grew: 1e6, longestCommand: 0.7 }
  const many = (contender: string, memory: number) => ({ contender, sessions: 1_000_000, memory, listing })
  const calls = (sessions: number, time: number) => ({ sessions, list: [time], destroy: [2 * time] })
  const all = figures([], {
    many: [many('express-raw-ioredis', 100), many('express-tegata-ioredis', 109)],
    owners: { few: calls(10_000, 1), many: calls(1_000_000, 1.3) },
  })
  expect(verdict(/^memory of Redis .* of 1,000,000/, all)).toMatchObject({ met: true })
  expect(verdict(/longest command/, all)).toMatchObject({ met: true })
  expect(verdict(/event loop/, all)).toMatchObject({ met: false })
  expect(verdict(/^log out everywhere/, all)).toMatchObject({ met: false, measured: { value: 1.3 } })
})

test('--goals measures what every goal needs, and nothing that no goal needs', () => {
  const cells = runsForGoals().flatMap(({ scenario, size, contenders }) =>
    contenders.map((contender) => cell(contender, scenario, [contender.endsWith('bare') ? 1 : 2], { size })),
  )
  const isMissing = (of: Cell[]) => verdicts(figures(of)).filter((one) => one.missing).length
  const others = /^rolling read|^memory|^listing|^log out/
  const missing = verdicts(figures(cells)).filter((one) => one.missing && !others.test(one.goal))
  expect(missing).toEqual([])
  const alone = cells.filter(({ contender }) => contender.startsWith('koa'))
  for (const one of alone) {
    expect(isMissing(cells.filter((other) => other !== one))).toBe(isMissing(cells) + 1)
  }
})

test('a chart is well-formed, whatever names it shows', () => {
  const svg = chart('a < b', 'µs', [{ group: 'g & h', series: '<s>', kind: 'tegata', value: 3 }])
  expect(svg).toContain('a &lt; b')
  expect(svg).toContain('g &amp; h')
  expect(svg).not.toContain('<s>')
})
