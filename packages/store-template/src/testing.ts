import type { StoreFixture } from '@tegata/store-test'
import { Database } from './database.ts'
import { templateStore } from './template-store.ts'

/** An empty database with two clients, and a clock that is set instead of waited for. */
export function testing(): StoreFixture {
  const clock = { time: 1_800_000_000_000 }
  const now = () => clock.time
  const database = new Database()
  const other = new Database(database)
  return {
    store: templateStore(database, { now }),
    another: () => templateStore(other, { now }),
    now,
    advance(ms) {
      clock.time += ms
    },
    async interrupt() {
      // A transaction takes two turns: some are lost on the way there, some on the way back, most are not.
      for (let turn = 1; turn <= 500; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
        if (turn % 7 === 0) for (const client of [database, other]) client.cut()
      }
    },
  }
}
