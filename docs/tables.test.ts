import { expect, test } from 'vitest'
import { tables } from '../scripts/tables.mjs'

test('the tables of docs/redis.md say what the tests wrote down; `npm run tables` puts it there', () => {
  const { committed, made } = tables()
  expect(committed).toBe(made)
  expect(committed).toMatch(/<!-- table: conformance -->\n\n\| store /)
  expect(committed).toMatch(/<!-- table: costs -->\n\n\| request /)
})
