import { strict as assert } from 'node:assert'
import { testConcurrency } from './concurrency-cases.ts'
import { testDeadlineEdges, testLateWrites, testSliding } from './deadline-cases.ts'
import { testEnumeration, testIsolation } from './enumeration-cases.ts'
import { testAgainstModel, testInterruptions, testLinearizability } from './history-cases.ts'
import { testMarks } from './mark-cases.ts'
import { testOwners } from './owner-cases.ts'
import { skipCase } from './skip-case.ts'
import { type Ability, type ReadyFixture, ready, type StoreSuite, whyNotTested } from './store-fixture.ts'
import { testBytes, testForeignValues } from './value-cases.ts'
import {
  testCreating,
  testDestroying,
  testReading,
  testReplacing,
  testRotating,
  testTouching,
} from './verb-cases.ts'
import { testWatching } from './watch-cases.ts'

const ABILITIES = ['conditional', 'shared', 'enumerate', 'owners', 'watch'] as const

/**
 * The store contract, sentence by sentence, in any runner. Cases of abilities that the store does not declare in `supports`, or the
 * fixture does not have, are reported as skipped, with the reason.
 */
export function testSessionStore(suite: StoreSuite): void {
  /** A case with a store of its own. */
  function contract(title: string, run: (fixture: ReadyFixture) => Promise<void>, needs?: Ability): void {
    suite.test(title, async function (this: unknown, ...context: unknown[]) {
      const fixture = await suite.createStore()
      try {
        const reason = whyNotTested(fixture, needs)
        if (reason !== undefined) return skipCase([...context, this], title, reason)
        await run(ready(fixture))
      } finally {
        await fixture.close?.()
      }
    })
  }

  contract('supports declares each ability, and those that are expected', async ({ store }) => {
    for (const ability of ABILITIES) assert.equal(typeof store.supports[ability], 'boolean', ability)
    if (suite.supports) assert.deepEqual({ ...store.supports }, suite.supports)
    assert.equal('keys' in store, store.supports.enumerate)
    for (const verb of ['members', 'removeMembers']) assert.equal(verb in store, store.supports.owners)
    if (store.supports.watch) assert.equal('watch' in store, true)
  })
  testReading(contract)
  testCreating(contract)
  testReplacing(contract)
  testRotating(contract)
  testTouching(contract)
  testDestroying(contract)
  testSliding(contract)
  testMarks(contract)
  testDeadlineEdges(contract)
  testLateWrites(contract)
  testForeignValues(contract)
  testBytes(contract)
  testIsolation(contract)
  testEnumeration(contract)
  testOwners(contract)
  testWatching(contract)
  testConcurrency(contract)
  testAgainstModel(contract, suite.runs ?? 100)
  testLinearizability(contract, suite.runs ?? 100)
  testInterruptions(contract, suite.runs ?? 100)
}
