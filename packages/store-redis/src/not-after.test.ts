import { setTimeout as sleep } from 'node:timers/promises'
import type { EnumerableStore } from '@tegata/core'
import { redisOrSkip, underWay } from '@tegata/test-servers'
import keySlot from 'cluster-key-slot'
import { describe, expect, test } from 'vitest'
import type { RedisCommands } from './redis-commands.ts'
import { redisStore } from './redis-store.ts'
import { commandsOf, Fixture, isSuccess, stamp, utf8 } from './testing.ts'

await redisOrSkip(
  'a write that the server gets to after `notAfter` is refused',
  (redis) => {
    const fixture = new Fixture(redis)
    const { later, writes } = fixture
    const soon = () => ({ notAfter: later(60) })
    const inTime = () => ({ notAfter: later(2000) })

    /** Sends a write to a server that takes it up too late. */
    async function heldBack(write: () => Promise<unknown>) {
      redis.freeze()
      const refused = underWay(
        expect(write()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'not-applied' }),
      )
      await sleep(200)
      redis.thaw()
      await refused
    }

    describe.each([
      ['by clocks that agree', 0],
      ['by a server an hour behind', 3_600_000],
      ['by a server an hour ahead', -3_600_000],
    ])('%s', (_, skew) => {
      test.each(Object.entries(writes))('%s, held back by a frozen server', async (_, { call }) => {
        fixture.skew = skew
        const { store } = fixture
        await store.create('warm', utf8('-'), later(), inTime())
        await fixture.put()
        await heldBack(() => call(store, soon()))
        expect(await fixture.dump()).toEqual({ k: 'A' })
        expect(await fixture.client.pttl('k')).toBeLessThan(60_000)
      })

      test.each(Object.entries(writes))(
        'while %s in time is applied, as the first of a process too',
        async (_, { call }) => {
          fixture.skew = skew
          await fixture.put()
          expect(await call(fixture.store, inTime())).toSatisfy(isSuccess)
        },
      )
    })

    test('as the first of a process too', async () => {
      await heldBack(() => fixture.store.create('k', utf8('A'), later(), soon()))
      expect(await fixture.dump()).toEqual({})
    })

    test('as the first of a process too, by a server an hour behind', async () => {
      fixture.skew = 3_600_000
      await heldBack(() => fixture.store.create('k', utf8('A'), later(), soon()))
      expect(await fixture.dump()).toEqual({})
    })

    test('when its client held it back while the server was away', async () => {
      const { store } = fixture
      await store.create('k', utf8('A'), later())
      await redis.kill()
      const late = store.replace('k', utf8('B'), later(), stamp('A'), soon())
      const refused = underWay(expect(late).rejects.toMatchObject({ outcome: 'not-applied' }))
      const waiting = underWay(store.replace('k', utf8('A2'), later(), stamp('A'), { notAfter: later() }))
      await sleep(200)
      await redis.restart()
      await refused
      expect(await waiting).toEqual({ outcome: 'replaced' })
      expect(await fixture.dump()).toEqual({ k: 'A2' })
    })

    test.each([3_600_000, -3_600_000])('also once our clock was set by %i ms', async (step) => {
      const { store } = fixture
      await store.create('k', utf8('A'), later(), inTime())
      fixture.skew = step
      await heldBack(() => store.replace('k', utf8('B'), later(), stamp('A'), soon()))
      expect(await fixture.dump()).toEqual({ k: 'A' })
    })

    test.each([3_600_000, -3_600_000])(
      'and a clock set by %i ms costs one write a second round trip',
      async (step) => {
        const { store } = fixture
        await store.create('k', utf8('A'), later())
        await store.replace('k', utf8('B'), later(), stamp('A'), inTime())
        fixture.skew = step
        const replace = (value: string, from: string) => async () =>
          expect(await store.replace('k', utf8(value), later(), stamp(from), inTime())).toEqual({
            outcome: 'replaced',
          })
        expect(await fixture.sentBy(replace('C', 'B'))).toEqual(['EVALSHA', 'EVALSHA'])
        expect(await fixture.sentBy(replace('D', 'C'))).toEqual(['EVALSHA'])
      },
    )

    describe('in a Cluster whose servers’ clocks differ', () => {
      const lead = 400

      /** Two primaries, the one of `behind` and the one of `ahead`. */
      function twoClocks(): EnumerableStore {
        const commands = commandsOf(fixture.client)
        const send: RedisCommands['send'] = async (key, args) => {
          if (key !== 'ahead' || !args[0].startsWith('EVAL')) return commands.send(key, args)
          const [command, script = '', keys, ...rest] = args
          const at = Number(keys)
          const times = rest.slice(at, at + 2).map((time) => (time === '' ? '' : String(Number(time) - lead)))
          const shifted = [...rest.slice(0, at), ...times, ...rest.slice(at + 2)]
          const [outcome, time, ...more] = (await commands.send(key, [
            command,
            script,
            String(at),
            ...shifted,
          ])) as [unknown, number, ...unknown[]]
          return [outcome, time && time + lead, ...more]
        }
        const primaryOfSlot = (slot: number) => (slot === keySlot('ahead') ? 'ahead' : 'behind')
        return redisStore({ ...commands, send, primaryOfSlot }, { now: fixture.now })
      }

      test('by the clock of the one that holds it', async () => {
        const store = twoClocks()
        await store.create('behind', utf8('A'), later(), inTime())
        await store.create('ahead', utf8('A'), later(), inTime())
        redis.freeze()
        const late = store.replace('behind', utf8('B'), later(), stamp('A'), { notAfter: later(lead) })
        const refused = underWay(expect(late).rejects.toMatchObject({ outcome: 'not-applied' }))
        await sleep(1.5 * lead)
        redis.thaw()
        await refused
        expect(await fixture.dump()).toEqual({ ahead: 'A', behind: 'A' })
      })

      test('while those in time take one round trip, to whichever', async () => {
        const store = twoClocks()
        const keys = ['behind', 'ahead']
        for (const key of keys) await store.create(key, utf8('0'), later(), inTime())
        const touchBoth = async () => {
          for (const key of keys) await store.touch(key, later(), inTime())
        }
        await touchBoth()
        expect(await fixture.sentBy(touchBoth)).toEqual(['EVALSHA', 'EVALSHA'])
      })
    })
  },
  { appendOnly: true },
)
