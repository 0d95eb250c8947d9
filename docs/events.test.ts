import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = (path: string) => readFileSync(new URL(`../packages/core/${path}`, import.meta.url), 'utf8')

test('the table of events names each that there is, and none else', () => {
  const declared = [...text('src/events.ts').matchAll(/\{ type: '([\w-]+)'/g)].map(([, type]) => type)
  const [, section = ''] = text('README.md').split('### Events')
  const [table = ''] = section.split('\n## ')
  const documented = [...table.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, type]) => type)
  expect(documented.filter((type) => type !== 'type')).toEqual(declared)
})
