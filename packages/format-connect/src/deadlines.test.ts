import { createSessions, type SessionFormat, type SessionOptions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { describe, expect, test } from 'vitest'
import { connectRedisFormat, fastifySessionFormat, koaSessionFormat } from './index.ts'

const id = 'vUl2pVTjxDkb3LxSSwGHJSHRQRiEEKqN'
const start = Date.UTC(2026, 0, 1)

/** A session that another library stored, for a minute, whose key lives for an hour. */
async function worldOf(format: SessionFormat, options: Partial<SessionOptions> = {}) {
  const clock = { now: start }
  const now = () => clock.now
  const store = memoryStore({ now })
  // In one case as in memory, which knows the key's deadline, in the other as Redis' GET, which tells none.
  const readValue = async (key: string) => {
    const found = await store.read(key)
    return found && 'value' in found ? { value: found.value } : found
  }
  const read = format.statesDeadline ? store.read : readValue
  const sessions = createSessions({
    store: { ...store, read },
    format,
    now,
    cookie: { name: 'sid' },
    ...options,
  })
  const key = format.keyOf(id)
  const put = (value: object) =>
    store.replace(key, new TextEncoder().encode(JSON.stringify(value)), start + 3_600_000)
  const value = async () => {
    const found = await store.read(key)
    return found && !(found instanceof Error) ? JSON.parse(new TextDecoder().decode(found.value)) : undefined
  }
  const expires = new Date(start + 60_000).toISOString()
  const foreign =
    format.name === 'koa-session'
      ? { n: 1, _expire: start + 60_000, _maxAge: 60_000 }
      : { cookie: { originalMaxAge: 60_000, expires, httpOnly: true, path: '/' }, n: 1 }
  const bytes = new TextEncoder().encode(JSON.stringify(foreign))
  await store.create(key, bytes, start + 3_600_000)
  const request = async (work: (data: Record<string, unknown>) => unknown = () => {}) => {
    const context = sessions.open({ cookie: `sid=${id}` })
    const session = await context.session()
    await work(session.data)
    await context.commit()
    return session
  }
  return { clock, request, value, put, foreign }
}

describe.each([
  ['koa-session', koaSessionFormat()],
  ['@fastify/session', fastifySessionFormat()],
])('a session of %s, whose value says when it ends', (_, format) => {
  const endOf = (value: { cookie?: { expires: string }; _expire?: number }) =>
    value._expire ?? Date.parse(value.cookie?.expires ?? '')

  test('is over when it says so, though its key lives on', async () => {
    const { clock, request } = await worldOf(format)
    clock.now += 59_999
    expect((await request()).isNew).toBe(false)
    clock.now += 1
    expect((await request()).isNew).toBe(true)
  })

  test('is written again by a request that only reads, with rolling', async () => {
    const { clock, request, value } = await worldOf(format, { rolling: true })
    clock.now += 50_000
    await request()
    expect(endOf(await value())).toBe(clock.now + 60_000)
    clock.now += 50_000
    expect((await request()).data.n).toBe(1)
  })

  test('is not written again before touchAfter, nor without rolling', async () => {
    for (const options of [{ rolling: true, touchAfter: 30 }, {}]) {
      const { clock, request, value, foreign } = await worldOf(format, options)
      clock.now += 20_000
      await request()
      expect(await value()).toEqual(foreign)
    }
  })

  test('is written again by an explicit touch', async () => {
    const { clock, request, value } = await worldOf(format)
    clock.now += 50_000
    const session = await request()
    session.touch()
    await session.save()
    expect(endOf(await value())).toBe(clock.now + 60_000)
  })
})

describe('a session of express-session, whose key says when it ends', () => {
  const format = connectRedisFormat()

  test('goes on after the date in its cookie, and tells no end in the past', async () => {
    const { clock, request } = await worldOf(format)
    clock.now += 600_000
    const session = await request()
    expect(session).toMatchObject({ isNew: false, data: { n: 1 } })
    expect(session.expiresAt).toBe(clock.now + 60_000)
  })

  test('is touched, and its value left alone, by a request that only reads with rolling', async () => {
    const { clock, request, value, foreign } = await worldOf(format, { rolling: true })
    clock.now += 50_000
    await request()
    expect(await value()).toEqual(foreign)
    clock.now += 60_000
    expect(await value()).toBeUndefined()
  })
})

describe.each([
  ['express-session', connectRedisFormat()],
  ['koa-session', koaSessionFormat()],
  ['@fastify/session', fastifySessionFormat()],
])('a session of %s', (_, format) => {
  test('counts its absolute deadline from its first write here', async () => {
    const { clock, request } = await worldOf(format, { absoluteTimeout: 100 })
    clock.now += 40_000
    expect((await request()).createdAt).toBe(Number.POSITIVE_INFINITY)
    const session = await request((data) => Object.assign(data, { m: 1 }))
    expect(session).toMatchObject({ createdAt: clock.now, absoluteExpiresAt: clock.now + 100_000 })
    for (const n of [1, 2]) {
      clock.now += 40_000
      await request((data) => Object.assign(data, { n }))
    }
    clock.now += 20_000
    expect((await request()).isNew).toBe(true)
  })

  test('keeps what the old server wrote while a request held it', async () => {
    const { request, value, put, foreign } = await worldOf(format)
    await request(async (data) => {
      data.mine = 1
      await put({ ...foreign, theirs: 2 })
    })
    expect(await value()).toMatchObject({ n: 1, mine: 1, theirs: 2 })
  })

  test('takes two first writes at the same time for no two sessions', async () => {
    const { request, value } = await worldOf(format)
    await request(async (data) => {
      data.outer = 1
      await request((other) => Object.assign(other, { inner: 2 }))
    })
    expect(await value()).toMatchObject({ n: 1, outer: 1, inner: 2 })
  })
})

test('attributes of the cookie that the old server changed while a request held the session are kept', async () => {
  const { request, value, put, foreign } = await worldOf(connectRedisFormat())
  await request(async (data) => {
    data.mine = 1
    await put({ ...foreign, cookie: { ...foreign.cookie, secure: true, domain: 'example.org' } })
  })
  expect(await value()).toMatchObject({ mine: 1, cookie: { secure: true, domain: 'example.org', path: '/' } })
})
