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

test('the table of errors names each class with its code and status, and none else', () => {
  const classes = text('src/errors.ts').split('\nexport class ').slice(2)
  const declared = classes.map((source) => [
    /^\w+/.exec(source)?.[0],
    /'([A-Z_]+)'/.exec(source)?.[1],
    /\b([45]\d\d),/.exec(source)?.[1],
  ])
  const [, section = ''] = text('README.md').split('## Errors')
  const rows = [...section.matchAll(/^\| `(\w+)` +\| `([A-Z_]+)` +\| (\d+) /gm)]
  expect(rows.map((row) => row.slice(1))).toEqual(declared)
})
