import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Failing, loadWhileFailing, type Outcome } from './failover.ts'

const FAILOVERS = 20

/** The promises that are to hold while servers die, each a test of the same run, which the first of them makes. */
export function testFailover<Servers>(failing: Failing<Servers>): void {
  const unhandled: unknown[] = []
  const record = (reason: unknown) => unhandled.push(reason)
  beforeAll(() => {
    process.on('unhandledRejection', record)
  })
  afterAll(() => {
    process.off('unhandledRejection', record)
  })

  let running: Promise<Outcome> | undefined
  // In a test: a run that came to no end in a hook would be neither tried again nor counted as failed.
  async function run(): Promise<Outcome> {
    try {
      const outcome = await loadWhileFailing(failing, FAILOVERS)
      console.info(outcome.figures)
      return outcome
    } catch (error) {
      running = undefined
      throw error
    }
  }
  const promise = (title: string, check: (outcome: Outcome) => void) =>
    test(title, { timeout: 400_000 }, async () => {
      running ??= run()
      check(await running)
    })

  promise('there was something to promise, and something to break', (outcome) => {
    const { acknowledged, ended, failures, lostWithoutDurability } = outcome.figures
    expect(acknowledged).toBeGreaterThan(64 * FAILOVERS)
    expect(ended).toBeGreaterThan(FAILOVERS)
    expect(failures).toBeGreaterThan(0)
    expect(lostWithoutDurability).toBeGreaterThan(0)
  })

  promise(
    'no ended session comes back, none is gone, none is half, but for what no replica had yet',
    (outcome) => {
      expect(outcome.broken).toEqual([])
    },
  )

  promise('with durability no acknowledged login and no acknowledged logout is lost', (outcome) => {
    expect(outcome.brokenThoughDurable).toEqual([])
  })

  promise('every error is typed', (outcome) => {
    expect(outcome.untyped).toEqual([])
    expect(unhandled).toEqual([])
  })

  promise('every error comes within storeTimeout and 0.2 s', (outcome) => {
    expect(outcome.late).toEqual([])
  })

  promise('after every failover each browser is served again, by the clients it has', (outcome) => {
    expect(outcome.backAfterMs).toHaveLength(FAILOVERS)
  })
}
