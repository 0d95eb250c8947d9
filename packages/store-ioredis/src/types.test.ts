import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileStrictly } from '@tegata/test-servers'
import { expect, test } from 'vitest'

const file = (name: string) => fileURLToPath(new URL(`../types/${name}`, import.meta.url))

test('the compiler takes `Redis` and `Cluster` of ioredis 5 and 6, and refuses, call by call, what is no client or no option', {
  // It also checks the declarations of the clients.
  timeout: 180_000,
}, async () => {
  const problems = await compileStrictly([file('accepted.ts'), file('refused.ts')])
  const wrong = readFileSync(file('refused.ts'), 'utf8').match(/^ioredisStore\(.*\)$/gm) ?? []
  expect(problems).toHaveLength(wrong.length)
  // Too few arguments, the wrong type of one, of an option, no such option.
  const codes = ['TS2554', 'TS2345', 'TS2322', 'TS2353'].map((code) => `refused.ts: ${code}`)
  expect(problems.filter((problem) => !codes.includes(problem))).toEqual([])
})
