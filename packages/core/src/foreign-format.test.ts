import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes.ts'
import type { Expiry, SessionFormat } from './format.ts'
import { nativeFormat } from './native-format.ts'
import { createSessions } from './sessions.ts'
import { MapStore } from './testing.ts'

const START = Date.UTC(2026, 0, 1)

function setUp(options: object = {}, format: object = {}) {
  let time = START
  const store = new MapStore(() => time)
  const sessions = createSessions<Record<string, unknown>>({
    store,
    now: () => time,
    format: { ...nativeFormat(), ...format },
    ...options,
  })
  const pass = (ms: number) => {
    time += ms
  }
  return { store, sessions, pass }
}

async function stored(options: object = {}) {
  const { store, sessions, pass } = setUp(options)
  const session = await sessions.open({}).session()
  session.data.a = 1
  await session.save()
  return { store, sessions, pass, id: session.id }
}

describe('a format that only reads', () => {
  test('refuses every verb that would change a session, and leaves it as it is', async () => {
    const { store, id } = await stored()
    const { sessions } = setUp({ store, rolling: true }, { isReadOnly: true, slideFields: undefined })
    const before = [...store.entries]
    const refused = expect.objectContaining({ code: 'SESSION_READ_ONLY', status: 500 })
    const changes: ((session: Awaited<ReturnType<typeof read>>) => Promise<unknown>)[] = [
      (session) =>
        session.update((data) => {
          data.a = 2
        }),
      (session) => session.rotate().then(() => session.save()),
      (session) => session.authenticate('alice').then(() => session.save()),
      (session) => session.save(),
      (session) => session.destroy(),
    ]
    const read = () => sessions.open({ id }).session()
    for (const change of changes) await expect(change(await read())).rejects.toEqual(refused)
    await expect(sessions.open({ id }).destroy()).rejects.toEqual(refused)
    expect(await read()).toMatchObject({ data: { a: 1 }, canRotate: false })
    expect([...store.entries]).toEqual(before)
  })
})

describe('a cookie that is persistent only when dated', () => {
  const options = { cookie: { persistent: 'dated' } }

  test('ends with the browser unless the session says when it ends', async () => {
    const { sessions, id } = await stored(options)
    const context = sessions.open({ id })
    const session = await context.session()
    session.setExpiry(60)
    await context.commit()
    expect(String(context.headers().setCookies)).toContain('Max-Age=')
    session.setExpiry(undefined)
    await context.commit()
    expect(String(context.headers().setCookies)).not.toContain('Max-Age=')
  })
})

describe('a cookie by the idle deadline', () => {
  const options = { cookie: { deadline: 'idle' }, idleTimeout: 100 }

  test('counts whole seconds from the write, however late the response leaves', async () => {
    const { sessions, id, pass } = await stored(options)
    const context = sessions.open({ id })
    ;(await context.session()).data.a = 2
    await context.commit()
    pass(900)
    expect(String(context.headers().setCookies)).toContain('Max-Age=100;')
  })
})

describe('a value that does not say when it was created', () => {
  test('is no other session than the one that says so since', async () => {
    const { sessions } = setUp()
    const context = sessions.open({})
    const session = await context.session()
    session.data.a = 1
    await session.save()
    const { store } = sessions
    const format = nativeFormat()
    const undated = {
      ...format,
      decode: (value: Uint8Array, key: string) => {
        const decoded = format.decode(value, key)
        // Somebody else wrote it, until one of us has.
        if (decoded !== 'ended' && !String(decoded.serialized).includes('"one"'))
          decoded.header.createdAt = Number.POSITIVE_INFINITY
        return decoded
      },
    }
    const others = createSessions<Record<string, unknown>>({ store, format: undated, now: () => START })
    const [one, two] = [others.open({ id: session.id }), others.open({ id: session.id })]
    ;(await one.session()).data.one = 1
    ;(await two.session()).data.two = 2
    await one.commit()
    await two.commit()
    expect((await others.open({ id: session.id }).session()).data).toEqual({ a: 1, one: 1, two: 2 })
  })
})

describe('a format whose values begin with their idle time', () => {
  /** Milliseconds, and the data: `{"idle":60000,"data":{…}}`. */
  const leading: Partial<SessionFormat> = {
    slideFields: undefined as never,
    leadingIdle: { lead: '{"idle":', otherwise: 86_400_000 },
    encode: ({ idle, expiry }, serialized) =>
      utf8(`{"idle":${expiry === 'browser' ? null : idle * 1000},"data":${serialized}}`),
    decode(value) {
      const { idle, data } = JSON.parse(fromUtf8(value))
      const expiry: Expiry = idle === null ? 'browser' : idle / 1000
      const header = { createdAt: START, writtenAt: START, idle: 0, until: Number.POSITIVE_INFINITY, expiry }
      return { header, serialized: JSON.stringify(data) }
    },
    expected: (value) => ({ whole: value }),
  }
  const options = { rolling: true, absoluteTimeout: false }

  async function read(
    given: object,
    format: object = {},
    value = '{"idle":60000,"data":{"a":1}}',
    wait = 10_000,
  ) {
    const { store, sessions, pass } = setUp({ ...options, ...given }, { ...leading, ...format })
    const id = nativeFormat().createId((length) => crypto.getRandomValues(new Uint8Array(length)))
    const key = nativeFormat().keyOf(id)
    await store.create(key, utf8(value), START + 60_000)
    pass(wait)
    store.calls.length = 0
    const context = sessions.open({ id })
    const session = await context.session()
    await context.commit()
    const left = (store.entries.get(key)?.expiresAt ?? Number.NaN) - START
    return { calls: [...store.calls], left, session, context }
  }

  test('slides their deadline with the read', async () => {
    const { calls, left, session } = await read({})
    expect([calls, left, session.expiresAt - START]).toEqual([['read'], 70_000, 70_000])
  })

  test('slides those that say none by the rules of the manager', async () => {
    const { calls, left } = await read({}, {}, '{"idle":null,"data":{}}')
    expect([calls, left]).toEqual([['read'], 86_410_000])
  })

  test('asks again for what the read could not understand', async () => {
    const { calls, left } = await read({}, {}, '{"data":{},"idle":60000}')
    expect([calls, left]).toEqual([['read', 'touch'], 70_000])
  })

  test('leaves a deadline that would move by less than `touchAfter`', async () => {
    const { calls, left } = await read({ touchAfter: 11 })
    expect([calls, left]).toEqual([['read'], 60_000])
  })

  test('moves one by half of the idle time, however long `touchAfter` is', async () => {
    expect(await read({ touchAfter: 300 }, {}, undefined, 29_999)).toMatchObject({ left: 60_000 })
    expect(await read({ touchAfter: 300 }, {}, undefined, 30_000)).toMatchObject({ left: 90_000 })
  })

  test('moves none under an absolute deadline, which such values do not state', async () => {
    const { calls, left } = await read({ absoluteTimeout: 30 })
    expect([calls, left]).toEqual([['read', 'touch'], 30_000])
  })

  test('moves none where sessions can only be read, or do not roll', async () => {
    expect(await read({}, { isReadOnly: true })).toMatchObject({ calls: ['read'], left: 60_000 })
    expect(await read({ rolling: false })).toMatchObject({ calls: ['read'], left: 60_000 })
  })

  test('sends a cookie with the idle deadline along with the read', async () => {
    const { context } = await read({ cookie: { deadline: 'idle' } })
    expect(String(context.headers().setCookies)).toContain('Max-Age=60;')
  })
})
