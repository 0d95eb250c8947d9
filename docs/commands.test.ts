import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('docs/redis.md lists the commands that the user of the tests may send, and no other', () => {
  const [, allowed = ''] = text('packages/test-servers/src/test-redis-store.ts').split('const ALLOWED = [')
  const [rights = ''] = allowed.split('].map(')
  const [, section = ''] = text('docs/redis.md').split('**Commands**')
  const [list = ''] = section.split('Scripts survive')
  const documented = [...list.matchAll(/`([A-Z]+(?:\|[A-Z]+)?)`/g)].map(([, name = '']) => name.toLowerCase())
  const allowedToAll = [...rights.matchAll(/'([a-z|]+)'/g)].map(([, name]) => name)
  // WAIT is given where durability is asked for.
  expect(documented.toSorted()).toEqual([...allowedToAll, 'wait'].toSorted())
})
