import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { describe, expect, test } from 'vitest'
import { djangoAuthHash, djangoLogin, djangoLogout, djangoUser, verifyDjangoAuth } from './django-auth.ts'
import { djangoCsrfToken, verifyDjangoCsrf } from './django-csrf.ts'
import { djangoFormat } from './django-format.ts'
import { addDjangoMessage, djangoMessages, takeDjangoMessages } from './django-messages.ts'
import vectors from './testing/fixtures/django-vectors.json' with { type: 'json' }

type Data = Record<string, unknown>

function open() {
  const sessions = createSessions<Data>({ store: memoryStore(), format: djangoFormat() })
  return sessions.open({})
}

const [vector = { secret: '', password: '', hash: '' }] = vectors.session_auth_hash
const { password, secret } = vector

describe('a login of django.contrib.auth', () => {
  test.each(vectors.session_auth_hash)('has the hash that Django computes: $hash', (expected) => {
    expect(djangoAuthHash(expected.password, expected.secret)).toBe(expected.hash)
  })

  test('is nobody where there is none', async () => {
    const session = await open().session()
    expect(djangoUser(session)).toBeUndefined()
    expect(await verifyDjangoAuth(session, password, secret)).toBe(false)
  })

  test('made by Node is one to Django, under a new id', async () => {
    const context = open()
    const session = await context.session()
    session.data.cart = 1
    await session.save()
    const before = session.id
    await djangoLogin(session, { id: 1, password, secret })
    await context.commit()
    expect(session.id).not.toBe(before)
    expect(session.owner).toBe('1')
    expect(session.data).toEqual({
      cart: 1,
      _auth_user_id: '1',
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: vector.hash,
    })
    expect(djangoUser(session)).toEqual({
      id: '1',
      backend: 'django.contrib.auth.backends.ModelBackend',
      hash: vector.hash,
    })
  })

  test("takes nothing of another user's session along", async () => {
    const context = open()
    const session = await context.session()
    await djangoLogin(session, { id: 1, password, secret })
    session.data.cart = 'of user 1'
    await session.save()
    await djangoLogin(session, { id: 2, password, secret })
    expect(session.data).not.toHaveProperty('cart')
    expect(djangoUser(session)?.id).toBe('2')
  })

  test('is verified by the first secret, or by another one that is replaced then', async () => {
    const session = await open().session()
    await djangoLogin(session, { id: 1, password, secret })
    await session.save()
    const { id } = session
    expect(await verifyDjangoAuth(session, password, [secret, 'old'])).toBe(true)
    expect(await verifyDjangoAuth(session, `${password}x`, [secret, 'old'])).toBe(false)
    expect(await verifyDjangoAuth(session, password, ['new', 'old'])).toBe(false)
    expect(session.id).toBe(id)
    expect(await verifyDjangoAuth(session, password, ['new', 'old', secret])).toBe(true)
    expect(session.id).not.toBe(id)
    expect(djangoUser(session)?.hash).toBe(djangoAuthHash(password, 'new'))
    await expect(verifyDjangoAuth(session, password, [])).rejects.toThrow(TypeError)
  })

  test('holds by another secret also where the id cannot change: once the response is on its way, or read only', async () => {
    const store = memoryStore()
    const written = await createSessions<Data>({ store, format: djangoFormat() }).open({}).session()
    await djangoLogin(written, { id: 1, password, secret })
    await written.save()
    const { id } = written
    const cached = djangoFormat({ sessionEngine: 'cached_db' })
    const found = (await store.read(djangoFormat().keyOf(id))) as { value: Uint8Array }
    await store.create(cached.keyOf(id), found.value, Date.now() + 60_000)
    for (const format of [djangoFormat(), cached]) {
      const context = createSessions<Data>({ store, format }).open({ id })
      const session = await context.session()
      if (format !== cached) context.seal()
      expect(await verifyDjangoAuth(session, password, ['new', secret])).toBe(true)
      await context.commit()
      expect(session.id).toBe(id)
      expect(djangoUser(session)?.hash).toBe(vector.hash)
    }
  })

  test('is neither made nor refused by an empty secret: nobody is logged out for a SECRET_KEY that is not set', async () => {
    const session = await open().session()
    const login = { id: 7, password, secret: '' }
    await expect(djangoLogin(session, login)).rejects.toThrow('is SECRET_KEY set?')
    expect(session).toMatchObject({ isNew: true, owner: undefined })
    await djangoLogin(session, { ...login, secret })
    await expect(verifyDjangoAuth(session, password, '')).rejects.toThrow('is SECRET_KEY set?')
    await expect(verifyDjangoAuth(session, password, ['', secret])).rejects.toThrow('is SECRET_KEY set?')
    expect(await verifyDjangoAuth(session, password, [secret, ''])).toBe(true)
  })

  test('ends by a logout', async () => {
    const context = open()
    const session = await context.session()
    await djangoLogin(session, { id: 1, password, secret })
    await session.save()
    expect(await djangoLogout(session)).toBe(true)
    expect(djangoUser(await context.session())).toBeUndefined()
  })
})

describe('the CSRF secret of a session', () => {
  test('is checked under a mask that differs each time', async () => {
    const session = await open().session()
    expect(verifyDjangoCsrf(session, 'x'.repeat(64))).toBe(false)
    const [one, two] = [djangoCsrfToken(session), djangoCsrfToken(session)]
    expect(one).toMatch(/^[A-Za-z0-9]{64}$/)
    expect(one).not.toBe(two)
    for (const token of [one, two, session.data._csrftoken])
      expect(verifyDjangoCsrf(session, token)).toBe(true)
    for (const token of [`${one.slice(1)}a`, '', 'a'.repeat(32), undefined, 7, `${one}\n`, '*'.repeat(64)])
      expect(verifyDjangoCsrf(session, token)).toBe(false)
  })

  test('as Django 4.0 and newer keep it, bare, is the same secret', async () => {
    const session = await open().session()
    session.data._csrftoken = 'aB3'.repeat(11).slice(1)
    expect(verifyDjangoCsrf(session, djangoCsrfToken(session))).toBe(true)
    expect(verifyDjangoCsrf(session, session.data._csrftoken)).toBe(true)
  })

  test('is kept as all versions of Django read it: masked', async () => {
    const session = await open().session()
    djangoCsrfToken(session)
    expect(session.data._csrftoken).toMatch(/^[A-Za-z0-9]{64}$/)
    await djangoLogin(session, { id: 1, password, secret })
    expect(session.data._csrftoken).toMatch(/^[A-Za-z0-9]{64}$/)
  })

  test('is a new one after a login', async () => {
    const session = await open().session()
    const planted = djangoCsrfToken(session)
    await djangoLogin(session, { id: 1, password, secret })
    expect(verifyDjangoCsrf(session, planted)).toBe(false)
    expect(verifyDjangoCsrf(session, djangoCsrfToken(session))).toBe(true)
  })
})

describe('messages', () => {
  test('are read in the shapes of all versions, and others are left out', async () => {
    const session = await open().session()
    session.data._messages =
      '[["__json_message", 0, 20, "\\u4fdd\\u5b58 <b>ok</b>"], ["__json_message", 1, 25, "<b>ok</b>", ""], ["__json_message", 0, 40, "no", "big"], ["other"], 7]'
    expect(djangoMessages(session)).toEqual([
      { level: 20, message: '保存 <b>ok</b>', extraTags: undefined, isSafe: false },
      { level: 25, message: '<b>ok</b>', extraTags: undefined, isSafe: true },
      { level: 40, message: 'no', extraTags: 'big', isSafe: false },
    ])
  })

  test('are added after those that wait, and shown once', async () => {
    const session = await open().session()
    addDjangoMessage(session, { message: 'one' })
    addDjangoMessage(session, { message: 'two', level: 30, extraTags: 'big', isSafe: true })
    expect(session.data._messages).toBe('[["__json_message",0,20,"one"],["__json_message",1,30,"two","big"]]')
    expect(takeDjangoMessages(session).map(({ message }) => message)).toEqual(['one', 'two'])
    expect(takeDjangoMessages(session)).toEqual([])
    expect(session.data).not.toHaveProperty('_messages')
  })

  test('need a text, which is named', async () => {
    const session = await open().session()
    for (const none of ['text', {}, { text: 'one' }]) {
      expect(() => addDjangoMessage(session, none as never)).toThrow('takes the text as `message`')
    }
    expect(session.data).not.toHaveProperty('_messages')
  })

  test.each(['{', '{}', 7, null])('that cannot be read are none: %s', async (stored) => {
    const session = await open().session()
    session.data._messages = stored
    expect(djangoMessages(session)).toEqual([])
  })
})
