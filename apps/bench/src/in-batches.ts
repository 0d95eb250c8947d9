/** How many at a time: enough to keep a connection busy, few enough to stay small. */
const BATCH = 1000

/** Does something so many times, a thousand at a time. */
export async function inBatches(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => work(from + i)))
  }
}
