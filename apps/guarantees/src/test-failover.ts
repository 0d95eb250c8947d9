import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Failing, loadWhileFailing, type Outcome } from './failover.ts'

const FAILOVERS = 20

/** The promises that are to hold while servers die, each a test of the same run. */
export function testFailover<Servers>(failing: Failing<Servers>): void {
  const unhandled: unknown[] = []
  const record = (reason: unknown) => unhandled.push(reason)
  let outcome: Outcome

  beforeAll(async () => {
    process.on('unhandledRejection', record)
    outcome = await loadWhileFailing(failing, FAILOVERS)
    console.info(outcome.figures)
  }, 300_000)
  afterAll(() => {
    process.off('unhandledRejection', record)
  })

  test('there was something to promise, and something to break', () => {
    const { acknowledged, ended, failures, lostWithoutDurability } = outcome.figures
    expect(acknowledged).toBeGreaterThan(64 * FAILOVERS)
    expect(ended).toBeGreaterThan(FAILOVERS)
    expect(failures).toBeGreaterThan(0)
    expect(lostWithoutDurability).toBeGreaterThan(0)
  })

  test('no ended session comes back, none is gone, none is half, but for what no replica had yet', () => {
    expect(outcome.broken).toEqual([])
  })

  test('with durability no acknowledged login and no acknowledged logout is lost', () => {
    expect(outcome.brokenThoughDurable).toEqual([])
  })

  test('every error is typed', () => {
    expect(outcome.untyped).toEqual([])
    expect(unhandled).toEqual([])
  })

  test('every error comes within storeTimeout and 0.2 s', () => {
    expect(outcome.late).toEqual([])
  })

  test('after every failover each browser is served again, by the clients it has', () => {
    expect(outcome.backAfterMs).toHaveLength(FAILOVERS)
  })
}
