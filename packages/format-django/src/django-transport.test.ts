import { describe, expect, test } from 'vitest'
import { djangoTransport } from './django-transport.ts'

const id = 'a'.repeat(32)
const now = Date.UTC(2026, 10, 23, 20, 18, 20, 900)

describe("Django's cookie", () => {
  test('has the attributes of Django, in its order', () => {
    expect(djangoTransport().set(id, false, now + 86_400_000, now)).toEqual([
      `sessionid=${id}; expires=Tue, 24 Nov 2026 20:18:20 GMT; HttpOnly; Max-Age=86400; Path=/; SameSite=Lax`,
    ])
    expect(djangoTransport().clear(false)).toEqual([
      'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax',
    ])
  })

  test('of the browser session has no date', () => {
    expect(djangoTransport().set(id, true, undefined, now)).toEqual([
      `sessionid=${id}; HttpOnly; Path=/; SameSite=Lax`,
    ])
  })

  test('cuts what is left to whole seconds, below nothing as well', () => {
    expect(String(djangoTransport().set(id, false, now + 3_599_999, now))).toContain('Max-Age=3599;')
    expect(String(djangoTransport().set(id, false, now - 4_500, now))).toContain('Max-Age=-5;')
  })

  test('has what the settings say', () => {
    const transport = djangoTransport({
      sessionCookieName: 'sid',
      sessionCookieDomain: '.example.org',
      sessionCookiePath: '/app',
      sessionCookieSecure: true,
      sessionCookieHttpOnly: false,
      sessionCookieSameSite: 'None',
    })
    expect(transport.nameFor(true)).toBe('sid')
    expect(transport.set(id, true, undefined, now)).toEqual([
      `sid=${id}; Domain=.example.org; Path=/app; SameSite=None; Secure`,
    ])
    expect(transport.clear(true)).toEqual([
      'sid=""; Domain=.example.org; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=None; Secure',
    ])
    expect(djangoTransport({ sessionCookieSameSite: false }).set(id, false, undefined, now)).toEqual([
      `sessionid=${id}; HttpOnly; Path=/`,
    ])
  })

  test.each([
    [`sessionid=${id}`, id],
    [`a=1; sessionid=${id}; b=2`, id],
    [`sessionid=other; sessionid=${id}`, id],
    [`sessionid = "${id}"`, id],
    ['sessionid=""', ''],
    [`xsessionid=${id}; sessionid`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('is read as Django reads it, the last one where there are two: %s', (header, expected) => {
    expect(djangoTransport().read(header, false)).toBe(expected)
  })
})
