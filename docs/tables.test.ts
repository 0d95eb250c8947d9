import { expect, test } from 'vitest'
import { documents, tables } from '../scripts/tables.mjs'

test.each(documents)(
  'the tables of %s say what the tests wrote down; `npm run tables` puts it there',
  (document) => {
    const { committed, made } = tables(document)
    expect(committed).toBe(made)
    expect(committed).toMatch(/<!-- table: conformance -->\n\n\| store /)
  },
)

test('docs/redis.md has the table of what requests cost', () => {
  expect(tables('docs/redis.md').committed).toMatch(/<!-- table: costs -->\n\n\| request /)
})
