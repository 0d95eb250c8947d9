import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nativeFormat } from './native-format.ts'
import { Recollection } from './recollection.ts'
import type { RecalledValue, SessionStore } from './store.ts'
import { World } from './testing.ts'

/** A store behind a memory that answers at once what it has read, until something writes. */
function remembering({ store }: World, told: number[] = []): SessionStore {
  const remembered = new Map<string, RecalledValue>()
  const read: SessionStore['read'] = async (key, options) => {
    const found = await store.read(key, { ...options, withDeadline: true })
    if (found && 'value' in found) remembered.set(key, { ...found, takes: (bytes) => told.push(bytes) })
    return found
  }
  const replace: SessionStore['replace'] = (key, ...rest) => {
    remembered.delete(key)
    return store.replace(key, ...rest)
  }
  const recall = (key: string) => remembered.get(key)
  return Object.assign(Object.create(store) as SessionStore, { read, replace, recall })
}

/** A session in memory, and a manager whose format counts how often a value was decoded. */
async function remembered(data: Record<string, unknown>) {
  const world = new World()
  const counts = { decoded: 0 }
  const plain = nativeFormat()
  const decode: typeof plain.decode = (value, key) => {
    counts.decoded++
    return plain.decode(value, key)
  }
  const format = { ...plain, decode }
  const told: number[] = []
  const sessions = world.another({ store: remembering(world, told), format })
  const open = () => world.open(sessions)
  await world.request(async (context) => void Object.assign((await context.session()).data, data))
  await open().session()
  await open().session()
  counts.decoded = 0
  world.store.calls.length = 0
  const stored = async () => (await world.open().session()).data
  return { world, open, counts, stored, told }
}

/** Others are refused. */
const isTaken = (data: object) => !JSON.stringify(data).includes('__proto__')

const LARGE = 'x'.repeat(2000)

describe.each([
  ['small', {}],
  ['large', { LARGE }],
])('a %s session that a memory in front of the store holds', (_, filling) => {
  test('is decoded once, however many requests read it, and at once', async () => {
    const { open, counts, world } = await remembered({ ...filling, user: { name: 'ann' } })
    for (let i = 0; i < 10; i++) {
      const context = open()
      expect(context.load()).toBeUndefined()
      expect(context.loaded?.data).toMatchObject({ user: { name: 'ann' } })
      expect(context.commit()).toBeUndefined()
    }
    expect(counts.decoded).toBe(0)
    expect(world.store.calls).toEqual([])
  })

  test('tells that memory how much it takes, once, and no less than it does', async () => {
    const list = Array.from({ length: 200 }, () => ({}))
    const { open, told } = await remembered({ ...filling, list })
    for (let i = 0; i < 3; i++) expect((await open().session()).data.list).toEqual(list)
    const bytes = told.reduce((sum, one) => sum + one, 0)
    const text = JSON.stringify({ ...filling, list })
    const parsed = text.length < 1024 ? 200 * 64 : text.length
    expect(bytes).toBeGreaterThan(text.length + parsed)
    expect(bytes).toBeLessThan(3 * (text.length + parsed))
  })

  test('gives each request data of its own', async () => {
    const { open } = await remembered({ ...filling, cart: { items: [1] } })
    const [one, other] = [await open().session(), await open().session()]
    ;(one.data.cart as { items: number[] }).items.push(2)
    expect(other.data.cart).toEqual({ items: [1] })
    expect((await open().session()).data.cart).toEqual({ items: [1] })
  })

  test('gives each request details of its own', async () => {
    const { open } = await remembered(filling)
    const [one, other] = [await open().session(), await open().session()]
    one.setExpiry(60)
    expect(other.expiry).toBeUndefined()
    expect((await open().session()).expiry).toBeUndefined()
  })

  test('is saved whatever a handler changes, at any depth, and only then', async () => {
    const json = fc
      .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4, noNullPrototype: true })
      .filter(isTaken)
    const change = fc
      .record({ key: fc.string(), value: fc.jsonValue(), inside: fc.boolean() })
      .filter(isTaken)
    await fc.assert(
      fc.asyncProperty(json, fc.option(change), async (data, changed) => {
        const { open, stored, world } = await remembered({ ...filling, data, n: 0 })
        const context = open()
        const session = await context.session()
        const inner = session.data.data as Record<string, unknown>
        if (changed) (changed.inside ? inner : session.data)[changed.key] = changed.value
        const expected = JSON.parse(JSON.stringify(session.data))
        await context.commit()
        expect(await stored()).toEqual(expected)
        const isChange = JSON.stringify({ ...filling, data, n: 0 }) !== JSON.stringify(expected)
        if (!isChange) expect(world.store.calls).not.toContain('replace')
      }),
      { numRuns: 200 },
    )
  })
})

test('the rules of one manager are not those of another that finds the same session in memory', async () => {
  const world = new World()
  const store = remembering(world)
  const { slideFields: _, ...format } = nativeFormat()
  const strict = world.another({ store, format, absoluteTimeout: 100 })
  const lenient = world.another({ store, format })
  await world.request(async (context) => void Object.assign((await context.session()).data, { n: 1 }))
  const expiryIn = async (sessions: typeof strict) => (await world.open(sessions).session()).expiresAt
  const expiresAt = await expiryIn(lenient)
  expect(await expiryIn(strict)).toBe(world.time + 100_000)
  expect(await expiryIn(lenient)).toBe(expiresAt)
})

test('a value that was decoded by one format is not taken for what another one makes of it', async () => {
  const world = new World()
  const store = remembering(world)
  const upper = nativeFormat()
  const shouting = {
    ...upper,
    decode: (...args: Parameters<typeof upper.decode>) => {
      const decoded = upper.decode(...args)
      return decoded === 'ended' ? decoded : { ...decoded, serialized: '{"name":"ANN"}' }
    },
  }
  await world.request(async (context) => void Object.assign((await context.session()).data, { name: 'ann' }))
  const names: unknown[] = []
  for (const format of [upper, shouting, upper]) {
    const sessions = world.another({ store, format })
    await world.open(sessions).session()
    names.push((await world.open(sessions).session()).data.name)
  }
  expect(names).toEqual(['ann', 'ANN', 'ann'])
})

test('data that are more than plain come to each request decoded anew', () => {
  const header = { createdAt: 0, writtenAt: 0, idle: 1, until: 1 }
  const format = {
    ...nativeFormat(),
    decode: () => ({ header, serialized: '' }),
    deserialize: () => ({ inner: { at: new Date(0) } }),
  }
  const made = Recollection.of(format, { value: new Uint8Array(), made: undefined }, 'k') as Recollection
  expect(made.copy()).toStrictEqual({ inner: { at: new Date(0) } })
  expect(made.copy().inner).not.toBe(made.data.inner)
})
