import { describe, expect, test } from 'vitest'
import { cookieDefaults } from './cookie-options.ts'
import { absoluteDeadline, assertExpiry, cookieDeadline, deadlines, expiryFrom } from './deadlines.ts'

const policy = { idleTimeout: 60, absoluteTimeout: 3600, cookie: cookieDefaults }
const createdAt = 1_000_000

describe('the absolute deadline', () => {
  test('counts from creation, and from the last login once there is one', () => {
    expect(absoluteDeadline({ createdAt }, policy)).toBe(createdAt + 3_600_000)
    expect(absoluteDeadline({ createdAt, authenticatedAt: createdAt + 5 }, policy)).toBe(
      createdAt + 3_600_005,
    )
  })

  test('is never where the policy has none', () => {
    expect(absoluteDeadline({ createdAt }, { ...policy, absoluteTimeout: false })).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
})

describe('an expiry of its own', () => {
  test('in seconds replaces the idle timeout, within the absolute deadline', () => {
    const own = deadlines({ createdAt, expiry: 10 }, policy)
    expect(own).toEqual({ idle: 10, until: createdAt + 3_600_000 })
    expect(expiryFrom(createdAt, own)).toBe(createdAt + 10_000)
  })

  test('as a date ends the session then, used or not, and never after the absolute deadline', () => {
    const date = new Date(createdAt + 5000)
    expect(expiryFrom(createdAt, deadlines({ createdAt, expiry: date }, policy))).toBe(date.getTime())
    const late = new Date(createdAt + 9_000_000)
    expect(expiryFrom(createdAt, deadlines({ createdAt, expiry: late }, policy))).toBe(createdAt + 3_600_000)
  })

  test("of 'browser' keeps the idle timeout and leaves the cookie undated", () => {
    const lifetime = { createdAt, expiry: 'browser' } as const
    expect(deadlines(lifetime, policy).idle).toBe(60)
    expect(cookieDeadline(lifetime, policy)).toBeUndefined()
  })

  test.each([['soon'], [Number.NaN], [Number.POSITIVE_INFINITY], [new Date(Number.NaN)], [null], [{}]])(
    'cannot be %s',
    (expiry) => expect(() => assertExpiry(expiry)).toThrow('setExpiry() takes'),
  )
})

test('a session that is used now ends at whichever deadline comes first', () => {
  const { until } = deadlines({ createdAt }, policy)
  expect(expiryFrom(createdAt, { idle: 60, until })).toBe(createdAt + 60_000)
  expect(expiryFrom(until - 1000, { idle: 60, until })).toBe(until)
})

test('the cookie ends with the last deadline, not with the sliding one', () => {
  expect(cookieDeadline({ createdAt }, policy)).toBe(createdAt + 3_600_000)
  expect(
    cookieDeadline({ createdAt }, { ...policy, cookie: { ...cookieDefaults, persistent: false } }),
  ).toBeUndefined()
})
