import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { LoadedData, quietly } from './loaded-data.ts'
import { revive } from './store.ts'
import type { StoredSession } from './types.ts'

const many = () => Array.from({ length: 20 }, (_, id) => ({ id, tags: ['a'] }))
const stored = (changes: object = {}): StoredSession =>
  JSON.parse(
    JSON.stringify({ cookie: { originalMaxAge: null }, user: 'ann', list: many(), last: 1, ...changes }),
  )

// biome-ignore lint/suspicious/noExplicitAny: as handlers see it.
function load(from = stored()): { session: any; loaded: LoadedData } {
  const loaded = new LoadedData(from)
  const session = revive({ sessionID: 'an id' }, loaded.shallow(from))
  return { session: loaded.show(session), loaded }
}

describe('a loaded session', () => {
  test('looks like what was stored, in the same order', () => {
    const { session, loaded } = load()
    expect(Object.keys(session)).toEqual(['cookie', 'user', 'list', 'last'])
    const { cookie: _, ...data } = stored()
    expect(loaded.json).toBe(JSON.stringify(data))
    expect({ ...session, cookie: 0 }).toEqual({ ...stored(), cookie: 0 })
    expect(JSON.parse(JSON.stringify(session))).toMatchObject(data)
    expect(inspect(load().session)).not.toContain('Getter')
  })

  test('is the same while nobody changes it, whatever was looked at', () => {
    const { session, loaded } = load()
    expect(loaded.isIn(session)).toBe(true)
    expect(session.list).toHaveLength(20)
    expect(loaded.isIn(session)).toBe(true)
    expect(Object.getOwnPropertyDescriptor(session, 'list')).toMatchObject({ writable: true })
  })

  test.each<[string, (session: ReturnType<typeof load>['session']) => unknown]>([
    ['deep inside', (session) => session.list[3].tags.push('b')],
    ['by a new large value', (session) => Object.assign(session, { list: many().slice(1) })],
    ['by a small one in its place', (session) => Object.assign(session, { list: 'none' })],
    ['by deleting a large value', (session) => Reflect.deleteProperty(session, 'list')],
    [
      'by deleting it and setting another',
      (session) => Reflect.deleteProperty(session, 'list') && Object.assign(session, { list: 'none' }),
    ],
    ['in a small value', (session) => Object.assign(session, { user: 'bob' })],
    ['by a new one', (session) => Object.assign(session, { extra: 1 })],
    ['by deleting a small one', (session) => Reflect.deleteProperty(session, 'user')],
  ])('is another one when it changes %s', (_, change) => {
    const { session, loaded } = load()
    change(session)
    expect(loaded.isIn(session)).toBe(false)
    const { cookie: _cookie, ...data } = stored()
    expect(loaded.json).toBe(JSON.stringify(data))
  })

  test('hands nothing out to those who read it quietly', () => {
    const { session, loaded } = load()
    quietly(() => JSON.stringify(session))
    expect(Object.getOwnPropertyDescriptor(session, 'list')?.get).toBeDefined()
    expect(loaded.isIn(session)).toBe(true)
  })

  test('is told from what the store holds by then', () => {
    for (const touch of [() => {}, (session: { list: unknown[] }) => session.list.push('mine')]) {
      const { session, loaded } = load()
      touch(session)
      expect(loaded.isSameAs(stored())).toBe(true)
      expect(loaded.isSameAs(stored({ list: [...many(), 'theirs'] }))).toBe(false)
      expect(loaded.isSameAs(stored({ list: undefined }))).toBe(false)
      expect(loaded.isSameAs(stored({ user: 'bob' }))).toBe(false)
    }
  })

  test('that was saved is told from what it becomes, its large values still out of sight', () => {
    const { session, loaded } = load()
    session.user = 'bob'
    const saved = LoadedData.of(session, loaded)
    expect(Object.getOwnPropertyDescriptor(session, 'list')?.get).toBeDefined()
    const { cookie: _cookie, ...data } = stored({ user: 'bob' })
    expect(saved.json).toBe(JSON.stringify(data))
    expect(saved.isSameAs(stored({ user: 'bob' }))).toBe(true)
    expect(session.list).toHaveLength(20)
    expect(saved.isIn(session)).toBe(true)
    const later = LoadedData.of(session, loaded)
    session.list[0].id = 'other'
    expect([saved.isIn(session), later.isIn(session)]).toEqual([false, false])
    expect([saved.json, later.json]).toEqual([JSON.stringify(data), JSON.stringify(data)])
  })

  test('keeps a large value under the name __proto__ as it is', () => {
    const text = `{"cookie":{},"__proto__":${JSON.stringify(many())}}`
    const loaded = new LoadedData(JSON.parse(text))
    expect(loaded.json).toBe(`{"__proto__":${JSON.stringify(many())}}`)
    expect(loaded.isSameAs(JSON.parse(text))).toBe(true)
  })
})

describe('small data', () => {
  class Tagged {
    tag = 1
  }
  const values: (() => unknown)[] = [
    ...[0, -0, 1, 1.5, Number.NaN, null, undefined, true, false, '', '1', 'null'].map((value) => () => value),
    ...[() => [], () => [1], () => [1, 2], () => [null], () => [undefined], () => [[1], { a: 1 }]],
    ...[() => ({}), () => ({ a: 1 }), () => ({ a: 2 }), () => ({ a: 1, b: 2 }), () => ({ b: 2, a: 1 })],
    ...[() => ({ a: undefined }), () => ({ a: { b: [1] } }), () => ({ a: { b: [2] } }), () => () => 1],
    ...[() => new Date(0), () => new Date(0).toJSON(), () => new Map([[1, 2]]), () => new Tagged()],
    ...[() => ({ tag: 1 }), () => Object.assign(Object.create(null), { a: 1 }), () => ({ toJSON: () => 1 })],
    ...[() => JSON.parse('{"__proto__":{"a":1}}'), () => JSON.parse('{"__proto__":{"a":2}}'), many],
  ]

  test('are the same exactly when their JSON is, and keep it when they are changed', () => {
    for (const before of values) {
      for (const after of values) {
        const first = before()
        const loaded = LoadedData.of({ cookie: 1, value: first, other: 'x' })
        const json = JSON.stringify({ value: before(), other: 'x' })
        const session = { cookie: 2, value: after(), other: 'x' } as never
        const isSame = JSON.stringify({ value: after(), other: 'x' }) === json
        expect([loaded.isIn(session), loaded.isSameAs(session)], json).toEqual([isSame, isSame])
        expect(loaded.isIn({ other: 'x', value: before() } as never)).toBe(
          JSON.stringify({ other: 'x', value: before() }) === json,
        )
        if (Array.isArray(first)) first.push(1)
        expect(loaded.json).toBe(json)
      }
    }
  })

  test('that cannot be stored as JSON are told of', () => {
    expect(() => LoadedData.of({ value: 1n })).toThrow(TypeError)
    const ring: { ring?: unknown } = {}
    ring.ring = ring
    expect(() => LoadedData.of({ ring })).toThrow(TypeError)
  })
})
