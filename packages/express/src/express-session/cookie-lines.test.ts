import { expect, test } from 'vitest'
import { Cookie } from './cookie.ts'
import { CookieLines } from './cookie-lines.ts'

const date = Date.now() + 60_000
const cookies = [
  {},
  { expires: new Date(date) },
  { expires: new Date(date + 5000) },
  { expires: new Date(date + 5000), path: '/app' },
  { expires: new Date(date + 5000), path: '/app', httpOnly: false },
  { domain: 'example.com', secure: true, sameSite: 'lax' },
  { domain: 'example.com', secure: true, sameSite: 'none', partitioned: true, priority: 'high' },
]

test('lines are what each cookie says of itself, whichever came before', () => {
  const lines = new CookieLines('sid')
  for (const first of cookies) {
    for (const options of [first, first, ...cookies]) {
      const cookie = new Cookie(options)
      expect(lines.lineOf(cookie, encodeURIComponent('s:1;'))).toBe(cookie.serialize('sid', 's:1;'))
    }
  }
})

test('a cookie that says something of its own is asked each time', () => {
  const lines = new CookieLines('sid')
  lines.lineOf(new Cookie(), 'a')
  const own = Object.defineProperty(new Cookie(), 'data', { value: { path: '/own' } })
  expect(lines.lineOf(own, 'a')).toBe('sid=a; Path=/own')
})

test.each([{ expires: new Date(Number.NaN) }, { expires: true }, { sameSite: 'maybe' }])(
  'what no cookie can say is refused again and again: %o',
  (options) => {
    const lines = new CookieLines('sid')
    for (let round = 0; round < 2; round++) {
      lines.lineOf(new Cookie(), 'a')
      expect(() => lines.lineOf(new Cookie(options), 'a')).toThrow(TypeError)
    }
  },
)
