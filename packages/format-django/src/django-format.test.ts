import { createSessions, type Session, type SessionHeader } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { describe, expect, test } from 'vitest'
import { readCacheValue, writeCacheValue } from './cache-value.ts'
import { djangoFormat } from './django-format.ts'
import { PyDateTime, PyFloat, PyHerdMarker, PyTuple } from './pickle.ts'
import type { DjangoSettings } from './settings.ts'
import vectors from './testing/fixtures/django-vectors.json' with { type: 'json' }

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const NOW = Date.UTC(2026, 0, 1)
const header: SessionHeader = { createdAt: NOW, writtenAt: NOW, idle: 60, until: Number.POSITIVE_INFINITY }

function decode(value: unknown, settings: DjangoSettings = {}) {
  const format = djangoFormat({ ...settings, now: () => NOW })
  const decoded = format.decode(writeCacheValue(value, settings), 'key')
  if (decoded === 'ended') throw new Error('There are no marks here.')
  return { ...decoded, format, data: format.deserialize(decoded.serialized) }
}

/** What Django would find after Node has written. */
function rewritten(value: unknown, change: Partial<SessionHeader>, settings: DjangoSettings = {}) {
  const { format, header: loaded, serialized } = decode(value, settings)
  return readCacheValue(format.encode({ ...loaded, ...change }, serialized, 'key', random), settings)
}

describe('the key of a session', () => {
  const id = 'a'.repeat(32)

  test("is Django's, by its prefix and version", () => {
    expect(djangoFormat().keyOf(id)).toBe(vectors.key.cache_backend)
    expect(djangoFormat({ sessionEngine: 'cached_db' }).keyOf(id)).toBe(vectors.key.cached_db)
    expect(djangoFormat({ keyPrefix: 'app', version: 2 }).keyOf(id)).toBe(vectors.key.with_prefix_app_v2)
    expect(djangoFormat({ keyFunction: (key, prefix) => `${prefix}|${key}` }).keyOf(id)).toBe(
      `|django.contrib.sessions.cache${id}`,
    )
  })

  test('is made by an id as Django makes them, and by no other', () => {
    const format = djangoFormat()
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const made = format.createId(random)
      expect(format.isId(made)).toBe(true)
      for (const character of made) seen.add(character)
    }
    expect(seen.size).toBe(36)
    for (const text of ['', 'a', `${id}b`, id.toUpperCase(), `${id.slice(1)}*`, `${id}\n`])
      expect(format.isId(text)).toBe(false)
  })
})

describe('a stored session', () => {
  test('gives its data as a fresh copy each time', () => {
    const { format, serialized, data } = decode({ _auth_user_id: '1', cart: { apples: 1 } })
    ;(data.cart as Record<string, unknown>).apples = 2
    expect(format.deserialize(serialized)).toEqual({ _auth_user_id: '1', cart: { apples: 1 } })
  })

  test('that nobody reads is not parsed', () => {
    const { format } = decode({})
    const broken = Uint8Array.from([0x80, 4, 0x7d, 0xff, 0x2e])
    const decoded = format.decode(broken, 'key')
    if (decoded === 'ended') throw new Error('There are no marks here.')
    expect(decoded.serialized).toEqual(broken)
    expect(() => format.deserialize(decoded.serialized)).toThrow(
      expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }),
    )
  })

  test('of a HerdClient is taken out of its tuple, and ends when the tuple says so', () => {
    const { data, header: found } = decode(new PyTuple(new PyHerdMarker(), { a: 1 }, 1_800_000_000))
    expect(data).toEqual({ a: 1 })
    expect(found.until).toBe(1_800_000_000_000)
  })

  test.each([[[1]], ['text'], [null], [new Map([[1, 2]])], [12], [new PyTuple(1)]])(
    'that is no dict is none: %s',
    (value) => {
      expect(() => decode(value)).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    },
  )

  test("owns up to Django's user, whatever the type of the primary key", () => {
    expect(decode({ _auth_user_id: '7' }).header.owner).toBe('7')
    expect(decode({ _auth_user_id: 7 }).header.owner).toBe('7')
    expect(decode({ a: 1 }).header.owner).toBeUndefined()
  })
})

describe('_session_expiry', () => {
  test.each([
    [undefined, undefined],
    [null, undefined],
    ['', undefined],
    [300, 300],
    [new PyFloat(300), 300],
    [1.5, 1.5],
    [-5, -5],
    [true, 1],
    [0, 'browser'],
    [false, 'browser'],
    [new PyFloat(0), 'browser'],
    ['2026-12-31T23:59:59.123456+09:00', new Date('2026-12-31T14:59:59.123Z')],
    ['2026-12-31T23:59:59Z', new Date('2026-12-31T23:59:59Z')],
    ['2026-12-31T23:59:59', new Date('2026-12-31T23:59:59Z')],
    [PyDateTime.fromDate(new Date(NOW)), new Date(NOW)],
  ])('%s means %s', (raw, expiry) => {
    expect(decode({ _session_expiry: raw }).header.expiry).toEqual(expiry)
  })

  test('without an offset is meant in the zone of the site', () => {
    const raw = '2026-12-31T23:59:59'
    expect(decode({ _session_expiry: raw }, { naiveTimezone: 'Asia/Tokyo' }).header.expiry).toEqual(
      new Date('2026-12-31T14:59:59Z'),
    )
  })

  test.each(['tomorrow', '2026-13-01T00:00:00', [1], { a: 1 }, Number.NaN])(
    'that means nothing is an invalid value: %s',
    (raw) => {
      expect(() => decode({ _session_expiry: raw })).toThrow(
        expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }),
      )
    },
  )

  test.each([
    300,
    new PyFloat(300),
    0,
    '2026-12-31T23:59:59.123456+09:00',
    PyDateTime.fromDate(new Date(NOW)),
  ])('is kept as it was, down to its type: %s', (raw) => {
    expect(rewritten({ _session_expiry: raw, a: 1 }, { label: 'x' })).toMatchObject({ _session_expiry: raw })
  })

  test('is written as an int, 0 for the browser, or a datetime', () => {
    const date = new Date(NOW + 60_500)
    expect(rewritten({ a: 1 }, { expiry: 90 })).toEqual({ a: 1, _session_expiry: 90 })
    expect(rewritten({ a: 1 }, { expiry: 1.5 })).toEqual({ a: 1, _session_expiry: 2 })
    expect(rewritten({ a: 1 }, { expiry: 'browser' })).toEqual({ a: 1, _session_expiry: 0 })
    expect(rewritten({ a: 1, _session_expiry: 5 }, { expiry: undefined })).toEqual({ a: 1 })
    const until = date.getTime()
    expect(rewritten({ a: 1 }, { expiry: date, until })).toEqual({
      a: 1,
      _session_expiry: PyDateTime.fromDate(date),
    })
  })

  test.each(['json', 'msgpack'] as const)(
    'of a date is in seconds where %s has no dates, and stays that date',
    (serializer) => {
      const date = new Date(NOW + 60_500)
      const value = rewritten({ a: 1 }, { expiry: date, until: date.getTime() }, { serializer })
      expect(value).toMatchObject({ _session_expiry: 61 })
      expect(decode(value, { serializer }).header.expiry).toEqual(date)
      // Django has set another one since.
      expect(decode({ ...(value as object), _session_expiry: 5 }, { serializer }).header.expiry).toBe(5)
    },
  )
})

describe('what Node writes', () => {
  test("is Django's dict and nothing else, where nothing else is needed", () => {
    expect(rewritten({ a: 1, _auth_user_id: '1' }, {})).toEqual({ a: 1, _auth_user_id: '1' })
  })

  test('has a member of our own for what Django has no place for, which is no part of the data', () => {
    const change = { authenticatedAt: NOW, label: 'Firefox', owner: 'somebody' }
    const value = rewritten({ a: 1 }, change)
    expect(value).toEqual({ a: 1, _tegata: change })
    const { header: found, data } = decode(value)
    expect(found).toMatchObject(change)
    expect(data).toEqual({ a: 1 })
  })

  test('counts an absolute deadline from the first write on, and from what it says then', () => {
    const value = rewritten({ a: 1 }, { until: NOW + 1000 })
    expect(value).toEqual({ a: 1, _tegata: { createdAt: NOW } })
    expect(decode(value).header.createdAt).toBe(NOW)
    expect(decode({ a: 1 }).header.createdAt).toBe(Number.POSITIVE_INFINITY)
  })

  test.each(['pickle', 'json', 'msgpack'] as const)(
    'is never the same twice, and always reads the same: %s',
    (serializer) => {
      const format = djangoFormat({ serializer })
      for (const data of [{ a: 1 }, { a: { b: [1, 'x'] }, c: null }, { ключ: 'значение'.repeat(40) }]) {
        let serialized = format.serialize(data)
        const all = new Set<string>()
        for (let i = 0; i < 20; i++) {
          const value = format.encode(header, serialized, 'key', random)
          all.add(Buffer.from(value).toString('base64'))
          expect(readCacheValue(value, { serializer })).toEqual(data)
          const decoded = format.decode(value, 'key')
          if (decoded !== 'ended') serialized = decoded.serialized
          // What tells two writes apart is replaced, not piled up.
          expect(value.length).toBeLessThan((format.serialize(data) as Uint8Array).length + 60)
        }
        expect(all.size).toBe(20)
      }
    },
  )

  test.each([
    ['pickle', () => {}],
    ['json', new Set([1])],
    ['json', new Uint8Array(1)],
    ['json', Symbol('x')],
    ['msgpack', 2n ** 64n],
    ['msgpack', new Date(0)],
    ['msgpack', '\ud800'],
    ['msgpack', new Map([[1, 2]])],
  ] as const)('is refused where %s cannot hold it, by the name of its key', (serializer, value) => {
    const write = () => djangoFormat({ serializer }).serialize({ fine: 1, 'at fault': value })
    expect(write).toThrow(expect.objectContaining({ code: 'SESSION_DATA_INVALID' }))
    expect(write).toThrow('"at fault"')
  })

  test.each(['pickle', 'json', 'msgpack'] as const)('is refused where it holds itself: %s', (serializer) => {
    const loop: Record<string, unknown> = {}
    loop.loop = loop
    expect(() => djangoFormat({ serializer }).serialize({ loop })).toThrow(
      expect.objectContaining({ code: 'SESSION_DATA_INVALID' }),
    )
  })

  test.each(['tomorrow', [1], Number.NaN, new Date(8.64e15)])(
    'is refused where Django has no such expiry: %s',
    (raw) => {
      const write = () =>
        raw instanceof Date
          ? rewritten({ a: 1 }, { expiry: raw })
          : djangoFormat().encode(header, djangoFormat().serialize({ _session_expiry: raw }), 'key', random)
      expect(write).toThrow(expect.objectContaining({ code: 'SESSION_DATA_INVALID' }))
    },
  )

  test('leaves the name of our own member to us', () => {
    expect(() => djangoFormat().serialize({ _tegata: 1 })).toThrow(
      expect.objectContaining({ code: 'SESSION_DATA_INVALID' }),
    )
  })
})

describe('a setting that is no setting of Django', () => {
  test.each([
    { keyprefix: 'x' },
    { version: null, keyPrefix: 1 },
    { serializer: 'yaml' },
    { compressor: 'brotli' },
    { sessionEngine: 'db' },
    { sessionCookieAge: 0 },
    { naiveTimezone: 'Asia/Nowhere' },
    { saveEveryRequest: 1 },
    { sessionCookieSameSite: 'lax' },
  ])('is told of at the start: %j', (settings) => {
    expect(() => djangoFormat(settings as never)).toThrow(TypeError)
  })
})

describe('sessions of Django in a store without Redis', () => {
  type Change = (session: Session<Record<string, unknown>>, date: Date) => void

  test.each<[string, Change, Change]>([
    ['set', (session, date) => session.setExpiry(date), (session) => session.setExpiry(undefined)],
    [
      'assigned',
      ({ data }, date) => Object.assign(data, { _session_expiry: date.toISOString() }),
      ({ data }) => Reflect.deleteProperty(data, '_session_expiry'),
    ],
  ])('keep their absolute deadline through a date that is %s and taken back', async (_, date, takeBack) => {
    let now = NOW
    const clock = () => now
    const store = memoryStore({ now: clock })
    const format = djangoFormat({ now: clock })
    const sessions = createSessions<Record<string, unknown>>({
      store,
      format,
      absoluteTimeout: 3600,
      now: clock,
    })
    const id = 'b'.repeat(32)
    await store.create(format.keyOf(id), writeCacheValue({ a: 1 }), NOW + 86_400_000)
    const request = async (change: Change) => {
      const context = sessions.open({ id })
      const session = await context.session()
      change(session, new Date(now + 600_000))
      await context.commit()
      now += 60_000
    }
    await request(({ data }) => Object.assign(data, { b: 2 }))
    await request(date)
    await request(takeBack)
    const session = await sessions.open({ id }).session()
    expect([session.createdAt, session.expiresAt]).toEqual([NOW, NOW + 3_600_000])
  })

  test('take the expiry that a handler assigned, though another request has set one meanwhile', async () => {
    const store = memoryStore()
    const sessions = createSessions<Record<string, unknown>>({ store, format: djangoFormat() })
    const id = 'b'.repeat(32)
    await store.create(djangoFormat().keyOf(id), writeCacheValue({ a: 1 }), Date.now() + 60_000)
    const [one, two] = [sessions.open({ id }), sessions.open({ id })]
    ;(await one.session()).setExpiry(600)
    ;(await two.session()).data._session_expiry = 60
    await one.commit()
    await two.commit()
    const session = await sessions.open({ id }).session()
    expect([session.expiry, session.data._session_expiry]).toEqual([60, 60])
  })

  test('merge what two requests write, and survive that neither says when it was created', async () => {
    const store = memoryStore()
    const sessions = createSessions<Record<string, unknown>>({
      store,
      format: djangoFormat(),
      absoluteTimeout: 3600,
    })
    const id = 'b'.repeat(32)
    await store.create(djangoFormat().keyOf(id), writeCacheValue({ a: 1 }), Date.now() + 60_000)
    const [one, two] = [sessions.open({ id }), sessions.open({ id })]
    ;(await one.session()).data.one = 1
    ;(await two.session()).data.two = 2
    await one.commit()
    await two.commit()
    expect((await sessions.open({ id }).session()).data).toEqual({ a: 1, one: 1, two: 2 })
    expect((await sessions.open({ id }).session()).createdAt).toBeLessThanOrEqual(Date.now())
  })

  test('merge what two requests write on a server whose clock is behind', async () => {
    const store = memoryStore()
    const options = { store, format: djangoFormat(), absoluteTimeout: 3600 }
    const sessions = createSessions<Record<string, unknown>>(options)
    const behind = createSessions<Record<string, unknown>>({ ...options, now: () => Date.now() - 1000 })
    const first = sessions.open({})
    const { data, id } = await first.session()
    data.a = 1
    await first.commit()
    const [one, two] = [behind.open({ id }), behind.open({ id })]
    ;(await one.session()).data.one = 1
    ;(await two.session()).data.two = 2
    await one.commit()
    await two.commit()
    expect((await sessions.open({ id }).session()).data).toEqual({ a: 1, one: 1, two: 2 })
  })

  test('keep their tuples under a schema, which gives each its own defaults', async () => {
    const defaults = { seen: new Set(), carts: new Map([['today', new Map()]]) }
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: { ...defaults, ...(value as object) } }),
      },
    } as const
    const sessions = createSessions({ store: memoryStore(), format: djangoFormat(), schema } as never)
    const [first, second] = [sessions.open({}), sessions.open({})]
    const session = await first.session()
    const data = session.data as typeof defaults & { point: PyTuple }
    data.point = new PyTuple(1, 2)
    data.seen.add('of a visitor')
    data.carts.get('today')?.set('of a visitor', 1)
    expect((await second.session()).data).toStrictEqual({
      seen: new Set(),
      carts: new Map([['today', new Map()]]),
    })
    await first.commit()
    const { data: stored } = await sessions.open({ id: session.id }).session()
    expect(stored).toHaveProperty('point', expect.any(PyTuple))
  })
})
