import { SessionValueError } from '@tegata/core'
import { redisOrSkip } from '@tegata/test-servers'
import { describe, expect, test } from 'vitest'
import { collect, Fixture, isSuccess, stamp, utf8, whole } from './testing.ts'

await redisOrSkip('redisStore', (redis) => {
  const fixture = new Fixture(redis)
  const { later, mark, extend, reads, writes } = fixture
  const verbs = Object.entries({ ...reads, ...writes })
  const near = (ms: number) => (pttl: number) => pttl <= ms && pttl > ms - 2000

  describe('sends one command', () => {
    test.each(verbs)('for %s, the first time of a process included', async (_, { call, command }) => {
      const { store } = fixture
      await fixture.put()
      const first = await fixture.sentBy(() => call(store))
      await fixture.put()
      const second = await fixture.sentBy(() => call(store))
      expect([first, second]).toEqual([[command.replace('EVALSHA', 'EVAL')], [command]])
    })

    test('or none, for a create whose deadline has passed', async () => {
      const { store } = fixture
      expect(
        await fixture.sentBy(async () => expect(await store.create('k', utf8('A'), later(-1))).toBe(true)),
      ).toEqual([])
    })
  })

  describe('goes on when the server forgets its scripts', () => {
    test.each(Object.entries(writes))('at %s', async (_, { call }) => {
      const { store, client } = fixture
      await fixture.put()
      await call(store)
      await fixture.put()
      await client.script('FLUSH')
      expect(await call(store)).toSatisfy(isSuccess)
    })

    test('all the time', async () => {
      const { store, client } = fixture
      await fixture.put('0')
      for (let i = 0; i < 50; i++) {
        const replace = store.replace('k', utf8(String(i + 1)), later(), whole(String(i)))
        const [answer] = await Promise.all([replace, client.script('FLUSH')])
        expect(answer).toEqual({ outcome: 'replaced' })
      }
    })
  })

  describe('gives the key the deadline it was told', () => {
    test('on create, replace, touch, rotate, and for marks', async () => {
      const { store, client } = fixture
      await store.create('k', utf8('A'), later(50_000))
      expect(await client.pttl('k')).toSatisfy(near(50_000))
      await store.replace('k', utf8('B'), later(70_000), stamp('A'))
      expect(await client.pttl('k')).toSatisfy(near(70_000))
      await store.touch('k', later(30_000))
      expect(await client.pttl('k')).toSatisfy(near(30_000))
      await store.rotate('k', 'l', utf8('C'), later(90_000), stamp('B'), { mark: mark('ended:1', 20_000) })
      expect(await client.pttl('l')).toSatisfy(near(90_000))
      expect(await client.pttl('k')).toSatisfy(near(20_000))
      await store.destroy('l', { mark: mark('ended:2', 10_000) })
      expect(await client.pttl('l')).toSatisfy(near(10_000))
    })

    test('and none at all for one that never comes', async () => {
      const { store, client } = fixture
      await store.create('k', utf8('A'), Number.POSITIVE_INFINITY)
      expect(await client.pttl('k')).toBe(-1)
      await store.touch('k', later())
      await store.touch('k', Number.POSITIVE_INFINITY)
      expect(await client.pttl('k')).toBe(-1)
      expect(await store.read('k', extend())).toMatchObject({ expiresAt: Number.POSITIVE_INFINITY })
    })

    test.each([3_600_000, -3_600_000])(
      'as time left by a clock %i ms ahead of the server’s',
      async (skew) => {
        const { store, client } = fixture
        fixture.skew = skew
        await store.create('k', utf8('A'), later(50_000))
        expect(await client.pttl('k')).toSatisfy(near(50_000))
      },
    )
  })

  describe('slides the deadline at a read', () => {
    const value = (idle: number, until: number) =>
      idle.toString(36).padStart(2, '0') + until.toString(36).padStart(9, '0')

    test('by the fields of the value, never past the last one', async () => {
      const { store, client } = fixture
      const now = fixture.now()
      await client.set('k', value(40, now + 60_000), 'PX', 5000)
      expect(await store.read('k', extend(now))).toMatchObject({ expiresAt: now + 40_000 })
      expect(await client.pttl('k')).toSatisfy(near(40_000))
      await client.set('k', value(40, now + 30_000), 'PX', 5000)
      expect(await store.read('k', extend(now))).toMatchObject({ expiresAt: now + 30_000 })
      expect(await client.pttl('k')).toSatisfy(near(30_000))
      await client.set('k', value(40, now - 1), 'PX', 5000)
      expect(await store.read('k', extend(now))).toBeNull()
      expect(await client.exists('k')).toBe(0)
    })

    test('not for less than `touchAfter`', async () => {
      const { store, client } = fixture
      const now = fixture.now()
      await client.set('k', value(40, now + 60_000), 'PX', 35_000)
      const { fields } = extend().extend
      await store.read('k', { extend: { fields, now, touchAfter: 10_000 } })
      expect(await client.pttl('k')).toSatisfy(near(35_000))
      await store.read('k', { extend: { fields, now, touchAfter: 4000 } })
      expect(await client.pttl('k')).toSatisfy(near(40_000))
    })

    test.each(['-1zzzzzzzzz', 'zz 1zzzzzzz', '01-1', '\x000zzzzzzzzz', 'z', ''])(
      'not where it cannot read them: “%s”',
      async (text) => {
        const { store, client } = fixture
        await client.set('k', text, 'PX', 5000)
        expect(await store.read('k', extend())).toMatchObject({ value: utf8(text) })
        expect(await client.pttl('k')).toSatisfy(near(5000))
      },
    )
  })

  describe('answers another Redis type as such, and changes it by no verb but destroy', () => {
    const types = {
      list: () => fixture.client.rpush('k', 'a', 'b'),
      hash: () => fixture.client.hset('k', 'a', 'b'),
      set: () => fixture.client.sadd('k', 'a'),
      'sorted set': () => fixture.client.zadd('k', 1, 'a'),
      stream: () => fixture.client.xadd('k', '*', 'a', 'b'),
    }

    test.each(Object.entries(types))('%s', async (_, put) => {
      const { store, client } = fixture
      await put()
      await client.pexpire('k', 60_000)
      const before = await client.dump('k')
      const unchanged = async () => {
        expect(await client.dump('k')).toEqual(before)
        expect(await client.pttl('k')).toSatisfy(near(60_000))
      }
      for (const [name, { call }] of verbs) {
        if (/create|destroy/.test(name)) continue
        expect(await call(store), name).toBeInstanceOf(SessionValueError)
      }
      expect(await store.touch('k', later(-1))).toBeInstanceOf(SessionValueError)
      expect(await store.replace('k', utf8('B'), later(-1))).toBeInstanceOf(SessionValueError)
      expect(await store.create('k', utf8('A'), later())).toBe(false)
      await unchanged()
      expect(await client.exists('free')).toBe(0)
      await store.create('mine', utf8('A'), later())
      expect(await store.rotate('mine', 'k', utf8('B'), later(), stamp('A'))).toEqual({ outcome: 'taken' })
      await unchanged()

      expect(await store.destroy('k', { mark: mark() })).toBe(true)
      expect(await client.get('k')).toBe('ended:1')
      await client.del('k')
      await put()
      expect(await store.destroy('k')).toBe(true)
      expect(await client.exists('k')).toBe(0)
    })
  })

  describe('compares a large value to the last byte', () => {
    const large = 'a'.repeat(20_000)
    const others = [`b${large.slice(1)}`, `${large.slice(1)}b`, `${large}a`, large.slice(1), '']

    test('and replaces what is the same, whatever it is replaced by', async () => {
      const { store, client } = fixture
      for (const [next, was] of [
        [large, others[1]],
        ['B', large],
        [large, 'B'],
      ] as const) {
        await fixture.put(was)
        expect(await store.replace('k', utf8(next), later(), whole(was ?? ''))).toEqual({
          outcome: 'replaced',
        })
        expect(await client.get('k')).toBe(next)
      }
      expect(await store.rotate('k', 'l', utf8('B'), later(), whole(large))).toEqual({ outcome: 'replaced' })
      expect(await fixture.dump()).toEqual({ l: 'B' })
    })

    test.each(others.map((other) => [other.length, other]))(
      'and answers what else is there: %i bytes',
      async (_, other) => {
        const { store } = fixture
        await fixture.put(other)
        const conflict = { outcome: 'conflict', value: utf8(other) }
        expect(await store.replace('k', utf8('B'), later(), whole(large))).toEqual(conflict)
        expect(await store.rotate('k', 'l', utf8('B'), later(), whole(large))).toEqual(conflict)
        expect(await fixture.dump()).toEqual({ k: other })
      },
    )

    test('without sending it again', async () => {
      const { store, client } = fixture
      const received = async () =>
        Number(/total_net_input_bytes:(\d+)/.exec(await client.info('stats'))?.[1] ?? Number.NaN)
      await fixture.put(large)
      await store.replace('k', utf8(large), later(), whole(large))
      const before = await received()
      await store.replace('k', utf8(large), later(), whole(large))
      expect((await received()) - before).toBeLessThan(large.length + 500)
    })
  })

  describe('leaves a session that ended dead', () => {
    test('a mark counts as ended for rotate and destroy', async () => {
      const { store } = fixture
      await fixture.put('ended:x')
      expect(await store.rotate('k', 'l', utf8('B'), later(), undefined, { mark: mark() })).toEqual({
        outcome: 'gone',
      })
      expect(await store.destroy('k', { mark: mark() })).toBe(false)
      expect(await fixture.dump()).toEqual({ k: 'ended:x' })
    })

    test('ending what is not there leaves no mark', async () => {
      const { store } = fixture
      expect(await store.destroy('k', { mark: mark() })).toBe(false)
      expect(await store.rotate('k', 'l', utf8('B'), later(), undefined, { mark: mark() })).toEqual({
        outcome: 'gone',
      })
      expect(await fixture.dump()).toEqual({})
    })

    test('a rotation whose deadline has passed ends the old key and makes no new one', async () => {
      const { store } = fixture
      await fixture.put()
      expect(await store.rotate('k', 'l', utf8('B'), later(-1), stamp('A'), { mark: mark() })).toEqual({
        outcome: 'replaced',
      })
      expect(await fixture.dump()).toEqual({ k: 'ended:1' })
    })

    test('a late replace or rotate does not bring it back, in whatever order they arrive', async () => {
      const { store } = fixture
      for (let i = 0; i < 200; i++) {
        await fixture.put()
        const calls = [
          () => store.destroy('k'),
          () => store.replace('k', utf8('B'), later(), stamp('A')),
          () => store.rotate('k', 'l', utf8('C'), later(), stamp('A')),
        ]
        const [first, second, third] = [0, 1, 2].map((at) => calls[(at + i) % 3])
        await Promise.all([first?.(), second?.(), third?.()])
        const moved = (await store.read('l')) !== null
        expect(await fixture.dump()).toEqual(moved ? { l: 'C' } : {})
      }
    })

    test('of many writers that loaded the same value one succeeds', async () => {
      const { store } = fixture
      await fixture.put()
      const writers = Array.from({ length: 50 }, (_, i) =>
        store.replace('k', utf8(`B${i}`), later(), stamp('A')),
      )
      const outcomes = (await Promise.all(writers)).map((answer) => 'outcome' in answer && answer.outcome)
      expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(49)
    })

    test('a rotation to the key itself is refused', async () => {
      const { store } = fixture
      await fixture.put()
      for (const next of ['A', 'B']) {
        expect(await store.rotate('k', 'k', utf8(next), later(), stamp('A'))).toEqual({ outcome: 'taken' })
      }
      expect(await fixture.dump()).toEqual({ k: 'A' })
    })
  })

  describe('lists the keys', () => {
    test('that begin with the prefix, whatever characters it has', async () => {
      const { store, client } = fixture
      const prefix = 'a*[b]?\\c:ü:'
      const mine = [`${prefix}1`, `${prefix}2`, prefix].sort()
      await client.mset(Object.fromEntries([...mine, 'axxb_c:ü:1', 'other'].map((key) => [key, 'v'])))
      expect((await collect(store.keys(prefix))).sort()).toEqual(mine)
    })

    test('through more than one step of the scan', async () => {
      const { store, client } = fixture
      const names = Array.from({ length: 2500 }, (_, i) => `many:${i}`)
      await client.mset(Object.fromEntries(names.map((key) => [key, 'v'])))
      expect(new Set(await collect(store.keys('many:')))).toEqual(new Set(names))
    })
  })
})
