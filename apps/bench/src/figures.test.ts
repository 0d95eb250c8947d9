import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { chart } from './chart.ts'
import { dataOf } from './contender.ts'
import { load } from './load.ts'
import { readOptions } from './options.ts'
import { report } from './report.ts'
import { median, spread } from './statistics.ts'

test('the median and the spread are those of the rounds', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([7])).toBe(7)
  expect(spread([90, 100, 120])).toBeCloseTo(0.3)
})

test.each([200, 2000, 20_000, 200_000])('data of %i bytes are about as large as JSON', (size) => {
  const length = JSON.stringify(dataOf(size)).length
  expect(Math.abs(length - size)).toBeLessThan(100)
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
  ]) {
    expect(() => readOptions(args)).toThrow(TypeError)
  }
  expect(readOptions(['--quick', '--scenarios', 'ignored-lazy'])).toMatchObject({
    sizes: [200],
    scenarios: [{ name: 'ignored, lazy' }],
  })
})

test('figures are shown beside those of the bare framework, and what was not measured as a dash', () => {
  const cell = (contender: string, scenario: string, cpu: number[]) => ({
    ...{ contender, scenario, size: 200, cpu, rate: [1000], failed: 0, commands: 1 },
    bytes: { received: 1, sent: 2 },
  })
  const text = report({
    machine: { node: 'v20', cpus: 'one', load: [0, 0, 0], date: 'today' },
    cells: [
      cell('express-bare', 'read', [100, 110, 90]),
      cell('express-session', 'read', [200, 150, 250]),
      cell('express-bare', 'ignored, lazy', [100]),
    ],
    many: [],
  })
  expect(text).toMatch(/express-session, connect-redis +\| 200 +\| – /)
  expect(text).toMatch(/express-session, connect-redis +\| 100 +\| – /)
  expect(text).toContain('50 %')
})

test('a chart is well-formed, whatever names it shows', () => {
  const svg = chart('a < b', 'µs', [{ group: 'g & h', series: '<s>', value: 3 }])
  expect(svg).toContain('a &lt; b')
  expect(svg).toContain('g &amp; h')
  expect(svg).not.toContain('<s>')
})
