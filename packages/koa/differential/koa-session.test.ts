import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { closeAll } from '../src/testing.ts'
import { compare, differences } from './differences.ts'
import { generate } from './operations.ts'
import { World } from './world.ts'

afterEach(() => {
  vi.useRealTimers()
  closeAll()
})

const SEQUENCES = 500
/** From here on every difference comes up. */
const FIRST = 500

test(`${SEQUENCES} sequences of requests differ from koa-session as the documentation says, and in nothing else`, {
  timeout: 120_000,
}, async () => {
  const counts = Object.fromEntries(Object.keys(differences).map((title) => [title, 0]))
  const unexplained: unknown[] = []
  let requests = 0
  for (let number = FIRST; number < FIRST + SEQUENCES; number++) {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
    const { options, steps } = generate(number)
    const worlds = [new World('koa-session', options), new World('ours', options)] as const
    for (const [at, step] of steps.entries()) {
      vi.setSystemTime(Date.now() + step.after)
      const theirs = await worlds[0].step(step)
      const ours = await worlds[1].step(step)
      const history = steps.slice(0, at + 1).flatMap(({ operations }) => operations)
      requests++
      const found = compare({ options, step, history, theirs, ours })
      for (const title of found.titles) counts[title] = (counts[title] ?? 0) + 1
      if (found.unexplained.length > 0)
        unexplained.push({ number, at, fields: found.unexplained, theirs, ours })
      if (!found.isStill || found.unexplained.length > 0) break
    }
    closeAll()
  }
  console.info(`${SEQUENCES} sequences, ${requests} requests to each server; differences by cause:`, counts)
  expect(unexplained).toEqual([])
  // What no longer differs has to leave the list.
  expect(Object.keys(counts).filter((title) => counts[title] === 0)).toEqual([])
})

test('every difference has its reason in the documentation, which lists no other', () => {
  const text = readFileSync(new URL('../../../docs/koa.md', import.meta.url), 'utf8')
  const section = text.slice(text.indexOf('## What differs from koa-session'))
  const titles = [...section.matchAll(/^- \*\*(.+?)\.\*\*/gm)].map((match) => match[1])
  expect(titles.slice().sort()).toEqual(Object.keys(differences).sort())
})
