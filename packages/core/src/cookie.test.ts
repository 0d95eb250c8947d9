import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cookieTransport } from './cookie.ts'
import { type CookieOptions, resolveCookieOptions } from './cookie-options.ts'
import { createId, randomBytes } from './id.ts'

const transport = (options: CookieOptions = {}) => cookieTransport(resolveCookieOptions(options))
const pair = ([setCookie = '']: readonly string[]) => setCookie.split(';')[0] ?? ''
const id = createId(randomBytes)
const now = Date.UTC(2026, 0, 1)

describe('the cookie', () => {
  test('is HttpOnly, SameSite=Lax, for the whole path and this host alone', () => {
    expect(transport().set(id, false, undefined, now)).toEqual([`sid=${id}; Path=/; HttpOnly; SameSite=Lax`])
  })

  test('is Secure on a secure request, under a name that binds it to the host', () => {
    expect(transport().set(id, true, undefined, now)).toEqual([
      `__Host-sid=${id}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ])
  })

  test.each([{ path: '/app' }, { domain: 'example.org' }])('with %j has the weaker prefix', (options) => {
    expect(transport(options).nameFor(true)).toBe('__Secure-sid')
  })

  test('keeps its name where it has a prefix already, or is to have none', () => {
    expect(transport({ name: '__Host-x', secure: true }).nameFor(true)).toBe('__Host-x')
    expect(transport({ name: '__Http-x', secure: true }).nameFor(true)).toBe('__Http-x')
    expect(transport({ prefix: false, secure: true }).nameFor(true)).toBe('sid')
  })

  test('carries every attribute asked for', () => {
    const options = { sameSite: 'none', secure: true, partitioned: true, domain: 'example.org' } as const
    expect(transport(options).set(id, false, now + 60_000, now)).toEqual([
      `__Secure-sid=${id}; Max-Age=60; Domain=example.org; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
    ])
  })

  test('lives at most 400 days, as browsers have it, and never less than nothing', () => {
    const lifeOf = (expiresAt: number) =>
      /Max-Age=(\d+)/.exec(String(transport().set(id, false, expiresAt, now)))?.[1]
    expect(lifeOf(Number.POSITIVE_INFINITY)).toBe(String(400 * 86_400))
    expect(lifeOf(now - 1)).toBe('0')
  })

  test.each<CookieOptions>([
    {},
    { path: '/app', sameSite: 'strict' },
    { domain: 'example.org', secure: true, sameSite: 'none', partitioned: true },
  ])('is taken back with the attributes it was given with: %j', (options) => {
    const attributes = ([header = '']: readonly string[]) =>
      header
        .split('; ')
        .slice(1)
        .filter((attribute) => !/^(Max-Age|Expires)=/.test(attribute))
    for (const secure of [false, true]) {
      const { set, clear, nameFor } = transport(options)
      expect(attributes(clear(secure))).toEqual(attributes(set(id, secure, now + 60_000, now)))
      expect(String(clear(secure))).toMatch(
        new RegExp(`^${nameFor(secure)}=; Max-Age=0;.*Expires=Thu, 01 Jan 1970`),
      )
    }
  })

  test('stays below 4096 bytes with the longest of everything', () => {
    const options = { name: 'n'.repeat(1024), path: `/${'p'.repeat(1023)}`, secrets: 's' }
    expect(pair(transport(options).set(id, true, undefined, now)).length).toBeLessThan(4096)
  })
})

describe('a cookie header', () => {
  test('gives the id back, wherever it stands among other cookies', () => {
    const { read } = transport()
    expect(read(`sid=${id}`, false)).toBe(id)
    expect(read(`a=1; sid=${id}; b="2"`, false)).toBe(id)
    expect(read(`nosid=${id}; b=sid`, false)).toBeUndefined()
    expect(read(undefined, false)).toBeUndefined()
    expect(read('', false)).toBeUndefined()
  })

  test('of a secure request is looked through for the prefixed name only, which nobody else can set', () => {
    expect(transport().read(`sid=${id}`, true)).toBeUndefined()
    expect(transport().read(`__Host-sid=${id}`, true)).toBe(id)
  })

  test('that names the cookie twice means the first one', () => {
    expect(transport().read(`sid=${id}; sid=other`, false)).toBe(id)
    expect(transport().read(`sid=other; sid=${id}`, false)).toBe('other')
  })

  test('with a value longer than any cookie is never ours', () => {
    expect(transport().read(`sid=${'x'.repeat(65_536)}`, false)).toBe('malformed')
  })

  test('is never decoded: an id needs it not', () => {
    expect(transport().read(`sid=%61${id.slice(1)}`, false)).toBe(`%61${id.slice(1)}`)
  })

  test('of whatever bytes does no more than name something that is no id', () => {
    const { read } = transport({ secrets: 'secret' })
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((value) => `sid=${value}`),
      fc.string({
        unit: fc.constantFrom('s', 'i', 'd', '=', ';', ' ', '"', '%', '.', '\u0000', '\r\n', 'é'),
      }),
    )
    fc.assert(
      fc.property(header, (text) => [undefined, 'malformed'].includes(read(text, false))),
      { numRuns: 20_000 },
    )
  })
})

describe('a signed cookie', () => {
  const signed = (secrets: string | string[], name = 'sid') => transport({ secrets, name })
  const issued = pair(signed('old').set(id, false, undefined, now))

  test('is read back', () => {
    expect(issued).toMatch(new RegExp(`^sid=${id}\\.[\\w-]{43}$`))
    expect(signed('old').read(issued, false)).toBe(id)
  })

  test('is signed with the first secret and accepted by every one', () => {
    const rotated = signed(['new', 'old'])
    expect(rotated.read(issued, false)).toBe(id)
    expect(rotated.set(id, false, undefined, now)).toEqual(signed('new').set(id, false, undefined, now))
    expect(signed('new').read(issued, false)).toBe('malformed')
  })

  test('is refused without its signature, and with any one character changed', () => {
    expect(signed('old').read(`sid=${id}`, false)).toBe('malformed')
    for (let at = 'sid='.length; at < issued.length; at++) {
      const changed = issued.slice(0, at) + (issued[at] === 'x' ? 'y' : 'x') + issued.slice(at + 1)
      expect(signed('old').read(changed, false), changed).toBe('malformed')
    }
  })

  test('is bound to its name: the signature of another cookie does not count', () => {
    const other = pair(signed('old', 'other').set(id, false, undefined, now))
    expect(signed('old').read(other.replace('other=', 'sid='), false)).toBe('malformed')
  })
})

describe('the options of the cookie', () => {
  test.each<[object, string]>([
    [{ sameSite: 'none' }, "`cookie.sameSite: 'none'` needs `cookie.secure: true`"],
    [{ sameSite: 'none', secure: 'auto' }, "`cookie.sameSite: 'none'` needs"],
    [{ sameSite: 'Lax' }, '`cookie.sameSite` must be'],
    [{ partitioned: true }, '`cookie.partitioned` needs'],
    [{ secure: 'yes' }, '`cookie.secure` must be'],
    [{ name: '__Host-sid' }, 'as its prefix demands'],
    [{ name: '__HOST-sid', secure: 'auto' }, 'as its prefix demands'],
    [{ name: '__http-sid' }, 'as its prefix demands'],
    [{ name: '__host-sid', secure: true, path: '/app' }, "needs `cookie.path: '/'`"],
    [{ name: '__Host-sid', secure: true, domain: 'example.org' }, 'no `cookie.domain`'],
    [{ name: 'a b' }, '`cookie.name` is not one that a cookie can carry'],
    [{ name: '' }, '`cookie.name` is not one that a cookie can carry'],
    [{ name: 'x'.repeat(1025) }, '`cookie.name` is not one that a cookie can carry'],
    [{ path: '/a;b' }, '`cookie.path` is not one that a cookie can carry'],
    [{ path: `/${'x'.repeat(1024)}` }, '`cookie.path` is not one that a cookie can carry'],
    [{ domain: 'a b' }, '`cookie.domain` is not one that a cookie can carry'],
    [{ secrets: [''] }, '`cookie.secrets` must be'],
    [{ secrets: [1] }, '`cookie.secrets` must be'],
    [{ httpOnly: false }, 'Unknown option `cookie.httpOnly`'],
  ])('are refused together at the start where browsers would refuse them later: %j', (options, message) => {
    expect(() => resolveCookieOptions(options)).toThrow(message)
  })

  test('may be given as undefined', () => {
    expect(resolveCookieOptions({ name: undefined } as never).name).toBe('sid')
  })
})
