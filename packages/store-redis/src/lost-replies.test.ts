import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions, type EndOptions, type EnumerableStore, migrate, nativeFormat } from '@tegata/core'
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

  /** Two servers of a Cluster, of which `send` answers for both. */
  function clusterStore(answer: (nth: number) => unknown) {
    const commands = commandsOf(fixture.client)
    let sent = 0
    return redisStore({
      ...commands,
      primaries: async () => [commands],
      async send(key, args) {
        await answer(++sent)
        return commands.send(key, args)
      },
    })
  }
  const refuse = () => {
    throw Object.assign(new Error('CLUSTERDOWN The cluster is down'), { name: 'ReplyError' })
  }

  test('create with an index that refuses it is not called refused where the key could not be taken back', async () => {
    // Making the key, entering it, taking it back.
    const store = clusterStore((nth) => (nth === 2 || nth === 3) && refuse())
    const options = { index: { key: 'index', note: 'one', expiresAt: later() } }
    const create = () => store.create('k', utf8('A'), later(), options)
    await expect(create()).rejects.toMatchObject({ outcome: 'unknown' })
    expect(await create()).toBe(true)
    expect(await fixture.client.hkeys('index')).toContain('k')
  })

  test('a session whose move was left half done ends with all of its owner', async () => {
    const from = nativeFormat({ prefix: 'from:' })
    const { store } = fixture
    const context = createSessions({ store, format: from }).open({})
    const session = await context.session()
    await session.authenticate('ann')
    await context.commit()

    // The index's primary, from when the new key is made.
    const newKey = nativeFormat().keyOf(session.id)
    const hangs = clusterStore(async () => {
      if ((await fixture.client.exists(newKey)) === 1) throw new Error('read ECONNRESET')
    })
    const moving = migrate({ from: { format: from } })
    const request = createSessions({ store: hangs, ...moving, storeTimeout: 0.1 }).open({ id: session.id })
    await expect(request.session()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    const sessions = createSessions({ store: clusterStore(() => {}), ...moving })
    expect(await sessions.open({ id: session.id }).session()).toMatchObject({ isNew: false, owner: 'ann' })
    expect(await sessions.listByOwner('ann')).toMatchObject([{ handle: session.handle }])
    await sessions.destroyByOwner('ann')
    expect((await sessions.open({ id: session.id }).session()).isNew).toBe(true)
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
