import { testConcurrency } from './concurrency-cases.ts'
import { testLateWrites, testMarks, testSliding } from './deadline-cases.ts'
import { testAgainstModel } from './model.ts'
import { type ReadyFixture, ready, type StoreSuite } from './store-fixture.ts'
import { testBytes, testEnumeration, testForeignValues } from './value-cases.ts'
import {
  testCreating,
  testDestroying,
  testReading,
  testReplacing,
  testRotating,
  testTouching,
} from './verb-cases.ts'

/**
 * The store contract, sentence by sentence, in any runner. Abilities that the store declares in `supports` are
 * tested, others are not.
 */
export function testSessionStore(suite: StoreSuite): void {
  /** A case with a store of its own. */
  function contract(title: string, run: (fixture: ReadyFixture) => Promise<void>): void {
    suite.test(title, async () => {
      const fixture = await suite.createStore()
      try {
        await run(ready(fixture))
      } finally {
        await fixture.close?.()
      }
    })
  }

  testReading(contract)
  testCreating(contract)
  testReplacing(contract)
  testRotating(contract)
  testTouching(contract)
  testDestroying(contract)
  testSliding(contract)
  testMarks(contract)
  testLateWrites(contract)
  testForeignValues(contract)
  testBytes(contract)
  testEnumeration(contract)
  testConcurrency(contract)
  testAgainstModel(contract, suite.runs ?? 100)
}
