import { setTimeout as sleep } from 'node:timers/promises'
import type { EndOptions, EnumerableStore } from '@tegata/core'
import { redisOrSkip } from '@tegata/test-servers'
import { expect, test } from 'vitest'
import { redisStore } from './redis-store.ts'
import { commandsOf, Fixture, stamp, utf8, whole } from './testing.ts'

await redisOrSkip('a call repeated because its reply was lost answers as the first did', (redis) => {
  const fixture = new Fixture(redis)
  const { later, mark } = fixture

  /** A store whose first reply, third, and so on, is lost on the way. */
  function lossyStore(): EnumerableStore {
    const commands = commandsOf(fixture.client)
    let sent = 0
    return redisStore({
      ...commands,
      async send(key, args) {
        const reply = await commands.send(key, args)
        if (++sent % 2 === 1) throw new Error('read ECONNRESET')
        return reply
      },
    })
  }

  async function twice(call: (store: EnumerableStore) => Promise<unknown>, pause = 0) {
    const store = lossyStore()
    await expect(call(store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'unknown' })
    await sleep(pause)
    return call(store)
  }

  test('create', async () => {
    expect(await twice((store) => store.create('k', utf8('A'), later()))).toBe(true)
    expect(await fixture.store.create('k', utf8('B'), later())).toBe(false)
    expect(await fixture.dump()).toEqual({ k: 'A' })
  })

  test('replace by stamp and by whole value', async () => {
    await fixture.put('A-old')
    expect(await twice((store) => store.replace('k', utf8('B-new'), later(), stamp('A-')))).toEqual({
      outcome: 'replaced',
    })
    expect(await twice((store) => store.replace('k', utf8('C-new'), later(), whole('B-new')))).toEqual({
      outcome: 'replaced',
    })
    expect(await fixture.store.replace('k', utf8('D-new'), later(), stamp('B-'))).toEqual({
      outcome: 'conflict',
      value: utf8('C-new'),
    })
  })

  test('rotate, with a mark and without', async () => {
    await fixture.put()
    expect(await twice((store) => store.rotate('k', 'l', utf8('B'), later(), stamp('A')))).toEqual({
      outcome: 'replaced',
    })
    const options = { mark: mark() }
    expect(await twice((store) => store.rotate('l', 'm', utf8('C'), later(), stamp('B'), options))).toEqual({
      outcome: 'replaced',
    })
    expect(await fixture.dump()).toEqual({ l: 'ended:1', m: 'C' })
  })

  test.each<[string, EndOptions]>([
    ['with a mark', { mark: mark() }],
    ['without', {}],
  ])('rotate over two servers of a Cluster, also if one refuses it meanwhile, %s', async (_, options) => {
    const commands = commandsOf(fixture.client)
    const refusal = Object.assign(new Error('CLUSTERDOWN The cluster is down'), { name: 'ReplyError' })
    let sent = 0
    const store = redisStore({
      ...commands,
      primaries: async () => [commands],
      // Making the new key and ending the old one, by turns.
      async send(key, args) {
        if (++sent === 4) throw refusal
        const reply = await commands.send(key, args)
        if (sent === 2) throw new Error('read ECONNRESET')
        return reply
      },
    })
    await fixture.put()
    const rotate = () => store.rotate('k', 'l', utf8('B'), later(), stamp('A'), options)
    await expect(rotate()).rejects.toMatchObject({ outcome: 'unknown' })
    await expect(rotate()).rejects.toMatchObject({ outcome: 'not-applied' })
    expect(await rotate()).toEqual({ outcome: 'replaced' })
    expect(await fixture.dump()).toMatchObject({ l: 'B' })
  })

  test('rotate, but not to a key that holds something else', async () => {
    await fixture.put()
    await fixture.client.set('l', 'another')
    expect(await fixture.store.rotate('k', 'l', utf8('B'), later(), stamp('A'))).toEqual({ outcome: 'taken' })
    expect(await fixture.dump()).toEqual({ k: 'A', l: 'another' })
  })

  test('destroy with a mark: its own, not another’s', async () => {
    await fixture.put()
    const options = { mark: mark('ended:mine') }
    expect(await twice((store) => store.destroy('k', options))).toBe(true)
    expect(await fixture.store.destroy('k', { mark: mark('ended:yours') })).toBe(false)
    expect(await fixture.dump()).toEqual({ k: 'ended:mine' })
  })

  test('however late: what has been applied is not called refused', async () => {
    await fixture.put()
    const options = { notAfter: later(50) }
    const replace = (store: EnumerableStore) => store.replace('k', utf8('B'), later(), stamp('A'), options)
    expect(await twice(replace, 80)).toEqual({ outcome: 'replaced' })
  })
})
