import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { memoryOf } from './memory-of.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const many = (length: number, make: (i: number) => unknown) => Array.from({ length }, (_, i) => make(i))

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

test.each<[string, (i: number) => unknown]>([
  ['empty objects', () => many(500, () => ({}))],
  ['empty arrays', () => many(500, () => [])],
  ['objects of two members', () => many(200, (n) => ({ id: n, n: 1 }))],
  ['keys that nobody else has', (i) => Object.fromEntries(many(200, (n) => [`k${i}-${n}`, 1]) as never)],
  ['fractions', () => many(500, (n) => n + 0.5)],
  ['text', (i) => [`${i}`.repeat(2000)]],
  ['wide text', (i) => [`${i}日`.repeat(2000)]],
])('memory is not counted short, nor three times over, of %s', (_, make) => {
  const text = many(200, (i) => JSON.stringify(make(i))) as string[]
  const held: unknown[] = text.map((one) => JSON.parse(one))
  held.fill(null)
  const before = heap()
  for (let i = 0; i < text.length; i++) held[i] = JSON.parse(text[i] as string)
  const real = heap() - before
  const counted = held.reduce<number>((sum, one) => sum + memoryOf(one), 0)
  expect(counted).toBeGreaterThan(0.9 * real)
  expect(counted).toBeLessThan(3 * real)
})

test('what is there twice is counted once, a cycle included', () => {
  const one = { text: 'x'.repeat(1000) }
  const cycle: Record<string, unknown> = { one, two: [one, one] }
  cycle.self = cycle
  expect(memoryOf(cycle)).toBeLessThan(2000)
})
