import { djangoOrSkip, underWay } from '@tegata/test-servers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Pair, seconds } from './testing.ts'

const TWO_WEEKS = 1_209_600

await djangoOrSkip('one session for Django and Node', (redis) => {
  let pair: Pair

  beforeAll(async () => {
    pair = await Pair.start(redis)
  })
  afterAll(() => pair?.stop())
  beforeEach(async () => {
    pair.browser.cookies.clear()
    await redis.cli('FLUSHALL')
  })

  const logIn = () => pair.django('login', { username: 'alice', password: 'wonderland' })

  test('who logs in with Django is logged in with Node, and both see what either writes', async () => {
    await logIn()
    await pair.django('put', { from_django: { n: 1 } })
    expect(await pair.node('session')).toMatchObject({
      user: '1',
      owner: '1',
      data: { _auth_user_id: '1', from_django: { n: 1 } },
    })
    expect(await pair.node('put', { cart: { apples: 1, list: [1, { deep: true }] } })).toMatchObject({
      user: '1',
    })
    expect(await pair.pttl()).toEqual(seconds(TWO_WEEKS))

    const seen = await pair.django('session')
    expect(seen.user).toBe('alice')
    expect(seen.data.cart).toBe("{'apples': 1, 'list': [1, {'deep': True}]}")
    expect(seen.data.from_django).toBe("{'n': 1}")
  })

  test('a session that Node starts is one that Django goes on with', async () => {
    await pair.node('put', { a: 1 })
    expect(pair.browser.id).toMatch(/^[a-z0-9]{32}$/)
    expect(pair.browser.setCookie).toMatch(
      /^sessionid=[a-z0-9]{32}; expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT; HttpOnly; Max-Age=1209600; Path=\/; SameSite=Lax$/,
    )
    const { id } = pair.browser
    expect(await pair.django('put', { b: 2 })).toMatchObject({ key: id, data: { a: '1', b: '2' } })
    expect(await pair.node('session')).toMatchObject({ id, data: { a: 1, b: 2 } })
  })

  test('Django finds nothing in it that it did not put there, unless Node needs it', async () => {
    await pair.node('put', { a: 1 })
    expect(Object.keys((await pair.django('session')).data)).toEqual(['a'])
    await pair.node('login', { id: 1, password: 'x' })
    expect(await redis.cli('-n', '1', 'GET', pair.key)).toContain('authenticatedAt')
  })

  test('Django notices a nested change only where it is told to, and Node without being told', async () => {
    await logIn()
    await pair.django('put', { cart: { apples: 1 } })
    await pair.django('put-deep', { apples: 2, modified: false })
    expect((await pair.node('session')).data.cart).toEqual({ apples: 1 })
    await pair.django('put-deep', { apples: 3, modified: true })
    expect((await pair.node('session')).data.cart).toEqual({ apples: 3 })
    await pair.node('put-deep', { apples: 4 })
    expect((await pair.django('session')).data.cart).toBe("{'apples': 4}")
  })

  test("Python's types come back to Python after Node has changed the session", async () => {
    const { data } = await pair.django('put-types', {})
    await pair.node('put', { n: 1 })
    const after = await pair.django('session')
    expect(after.data.types).toBe(data.types)
    expect(after.data.n).toBe('1')
  })

  test('reading on either side writes nothing and sets no cookie', async () => {
    await logIn()
    const monitor = await redis.monitor()
    await pair.node('session')
    expect(pair.browser.setCookie).toBeUndefined()
    await pair.django('session')
    expect(pair.browser.setCookie).toBeUndefined()
    expect(new Set(await monitor.names())).toEqual(new Set(['GET']))
    monitor.stop()
  })

  test('Node follows when Django cycles the key', async () => {
    await logIn()
    const before = pair.key
    await pair.django('cycle', {})
    expect(pair.key).not.toBe(before)
    expect(await pair.exists(before)).toBe(false)
    expect(await pair.node('session')).toMatchObject({ id: pair.browser.id, user: '1' })
  })

  test('Node follows when Django flushes, on that request and on one with the old cookie', async () => {
    await logIn()
    const other = pair.fork()
    await pair.django('flush', {})
    expect(pair.browser.id).toBeUndefined()
    expect(await pair.node('session')).toMatchObject({ user: null, data: {} })
    expect((await pair.nodeWith(other, 'session')).json).toMatchObject({ user: null, data: {} })
  })

  test('Django follows when Node rotates', async () => {
    await logIn()
    const other = pair.fork()
    const before = pair.key
    await pair.node('rotate', {})
    expect(pair.key).not.toBe(before)
    expect(await pair.exists(before)).toBe(false)
    expect(await pair.django('session')).toMatchObject({ user: 'alice', key: pair.browser.id })
    expect(await pair.pttl()).toEqual(seconds(TWO_WEEKS))
    expect((await pair.djangoWith(other, 'session')).json.user).toBeNull()
  })

  test.each(['logout', 'destroy'])('Django follows when Node ends the session by %s', async (way) => {
    await logIn()
    const other = pair.fork()
    const before = pair.key
    await pair.node(way, {})
    expect(pair.browser.setCookie).toBe(
      'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax',
    )
    expect(await pair.exists(before)).toBe(false)
    expect((await pair.djangoWith(other, 'session')).json.user).toBeNull()
  })

  test('Node logs a user in for Django, under a new id', async () => {
    await logIn()
    const { user, hash } = await pair.django('session')
    await pair.django('flush', {})
    await pair.node('put', { kept: 1 })
    const before = pair.browser.id
    const column = await passwordOf('alice')
    await pair.node('login', { id: 1, password: column })
    expect(pair.browser.id).not.toBe(before)
    expect(await pair.django('session')).toMatchObject({ user, hash, data: { kept: '1' } })
  })

  /** The column of the user table, of the site's fixed hasher. */
  const passwordOf = async (name: string) => (await pair.django(`column?user=${name}`)).password as string

  test('a login that no longer holds is told from one that does', async () => {
    await logIn()
    const secrets = ['a secret that Node has to know as well']
    const password = await passwordOf('alice')
    expect(await pair.node('verify', { password, secrets })).toEqual({ holds: true })
    expect(await pair.node('verify', { password: `${password}x`, secrets })).toEqual({ holds: false })
    expect(await pair.node('verify', { password, secrets: ['another'] })).toEqual({ holds: false })
    expect(await pair.django('session')).toMatchObject({ user: 'alice' })
  })

  test('a secret that was replaced still holds, once: the session gets the hash of the new one, and a new id', async () => {
    await logIn()
    const before = pair.browser.id
    const password = await passwordOf('alice')
    const secrets = ['the new secret', 'a secret that Node has to know as well']
    expect(await pair.node('verify', { password, secrets })).toEqual({ holds: true })
    expect(pair.browser.id).not.toBe(before)
    expect(await pair.node('verify', { password, secrets: ['the new secret'] })).toEqual({ holds: true })
  })

  test("Django's admin goes on with a session that Node has rewritten", async () => {
    const page = await pair.page('GET', '/admin/login/')
    const csrfmiddlewaretoken = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(page.text)?.[1] ?? ''
    const form = new URLSearchParams({
      csrfmiddlewaretoken,
      username: 'alice',
      password: 'wonderland',
      next: '/admin/',
    })
    expect((await pair.page('POST', '/admin/login/', form)).status).toBe(302)
    await pair.node('put', { nested: { deep: [1, 2, { x: null }] }, when: 'now' })
    await pair.node('rotate', {})
    const admin = await pair.page('GET', '/admin/auth/user/')
    expect(admin.status).toBe(200)
    expect(admin.text).toContain('2 users')
    const token = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(admin.text)?.[1]
    expect(token).toBeDefined()
  })

  test('messages of either side are shown by the other, once', async () => {
    await pair.node('notify', { text: 'from <Node>', tags: 'big' })
    await pair.django('notify', { text: 'from Django 保存' })
    expect(await pair.django('shown')).toEqual({
      messages: [
        [20, 'from <Node>', 'big info'],
        [25, 'from Django 保存', 'success'],
      ],
    })
    await pair.django('notify', { text: 'again' })
    expect(await pair.node('shown')).toMatchObject({ messages: [{ level: 25, message: 'again' }] })
    expect(await pair.django('shown')).toEqual({ messages: [] })
  })

  test('an error of Django saves nothing, and Node sees nothing of it', async () => {
    await logIn()
    await pair.django('crash', {})
    expect((await pair.node('session')).data).not.toHaveProperty('crashed')
  })

  test('clear() of Django leaves an empty session that both go on with', async () => {
    await logIn()
    await pair.django('clear', {})
    const { id } = pair.browser
    expect(await pair.node('session')).toMatchObject({ id, user: null, data: {} })
    await pair.node('put', { a: 1 })
    expect(await pair.django('session')).toMatchObject({ key: id, data: { a: '1' } })
  })

  test('a request of Node that Django overtakes loses nothing of either', async () => {
    await logIn()
    const slow = underWay(pair.nodeWith(pair.fork(), 'slow', { key: 'slow', ms: 400 }))
    await new Promise((resolve) => setTimeout(resolve, 150))
    await pair.django('put', { fast: 'from Django' })
    expect((await slow).status).toBe(200)
    expect((await pair.django('session')).data).toMatchObject({ slow: "'from Node'", fast: "'from Django'" })
  })

  test('a request of Node that a logout of Django overtakes brings nothing back', async () => {
    await logIn()
    const before = pair.key
    const slow = underWay(pair.nodeWith(pair.fork(), 'slow', { key: 'late', ms: 400 }))
    await new Promise((resolve) => setTimeout(resolve, 150))
    await pair.django('logout', {})
    await slow
    expect(await pair.exists(before)).toBe(false)
  })

  test('twenty counts of Node at once are twenty', async () => {
    await logIn()
    await Promise.all(Array.from({ length: 20 }, () => pair.nodeWith(pair.fork(), 'count', {})))
    expect((await pair.django('session')).data.n).toBe('20')
  })
})
