import { describe, expect, test } from 'vitest'
import { ServerClock } from './server-clock.ts'

const HOUR = 3_600_000
const start = 1_800_000_000_000

/** Whether a server that is `lead` ahead of us applies a write sent at `start` and reached `delay` later. */
function applies(
  clock: ServerClock,
  { lead, delay, budget }: { lead: number; delay: number; budget: number },
) {
  const { from, until } = clock.window(start, start + budget)
  const serverTime = start + delay + lead
  return serverTime >= from && serverTime <= until
}

describe('ServerClock', () => {
  test('takes the clocks to agree until the first reply', () => {
    const clock = new ServerClock()
    expect(applies(clock, { lead: 0, delay: 10, budget: 200 })).toBe(true)
    expect(applies(clock, { lead: 0, delay: 201, budget: 200 })).toBe(false)
  })

  test('finds out at the first write that the server is behind, rather than let it in late', () => {
    expect(applies(new ServerClock(), { lead: -HOUR, delay: 600, budget: 200 })).toBe(false)
  })

  test.each([HOUR, 0, -HOUR])('ends the window by the server’s own clock (%i ms ahead)', (lead) => {
    const clock = new ServerClock()
    clock.learn(start - 100 + lead, start - 105, start - 95)
    expect(applies(clock, { lead, delay: 1, budget: 200 })).toBe(true)
    expect(applies(clock, { lead, delay: 150, budget: 200 })).toBe(true)
    expect(applies(clock, { lead, delay: 201, budget: 200 })).toBe(false)
  })

  test('never ends the window late, whichever way the reply was slow', () => {
    for (const [before, after] of [
      [0, 3000],
      [3000, 0],
      [1500, 1500],
    ] as const) {
      const clock = new ServerClock()
      clock.learn(start - 5000, start - 5000 - before, start - 5000 + after)
      expect(applies(clock, { lead: 0, delay: 201, budget: 200 })).toBe(false)
    }
  })

  test('keeps what a quick reply told when a slow one follows', () => {
    const clock = new ServerClock()
    clock.learn(start - 50, start - 51, start - 49)
    clock.learn(start - 40, start - 45, start - 1)
    expect(applies(clock, { lead: 0, delay: 150, budget: 200 })).toBe(true)
  })

  test.each([-HOUR, HOUR])('forgets what it knew when a clock is set by %i ms', (lead) => {
    const clock = new ServerClock()
    clock.learn(start - 100, start - 105, start - 95)
    expect(applies(clock, { lead, delay: 600, budget: 200 })).toBe(false)
    clock.learn(start - 50 + lead, start - 55, start - 45)
    expect(applies(clock, { lead, delay: 150, budget: 200 })).toBe(true)
    expect(applies(clock, { lead, delay: 201, budget: 200 })).toBe(false)
  })

  test('trusts old knowledge less: after an idle hour a drifted clock lets nothing in late', () => {
    const clock = new ServerClock()
    clock.learn(start - HOUR, start - HOUR - 1, start - HOUR + 1)
    // 500 parts per million, as much as NTP slews.
    expect(applies(clock, { lead: -1800, delay: 2500, budget: 2400 })).toBe(false)
  })
})
