import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const linesOf = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8').split('\n')

test('the migration is a diff of two lines: one import, before and after', () => {
  const [before, after] = [linesOf('./before.ts'), linesOf('./after.ts')]
  expect(before.filter((line) => !after.includes(line))).toEqual(["import session from 'express-session'"])
  expect(after.filter((line) => !before.includes(line))).toEqual([
    "import session from '@tegata/express/express-session'",
  ])
  expect(after).toHaveLength(before.length)
})
