import { setTimeout as sleep } from 'node:timers/promises'

export interface ReadingAndWriting {
  /** Writes a number that is greater than the last; resolves when the store has answered. */
  write(count: number): Promise<unknown>
  /** Answers the number that it finds. */
  read(): Promise<number>
  /** Milliseconds for which a read may miss what was answered to a writer. */
  maxStale: number
  /** Tells when to stop. */
  during: Promise<unknown>
}

/** Reads all the time while numbers count up, and counts the reads that missed a write which was answered long enough before they began. */
export async function countStaleReads({ write, read, maxStale, during }: ReadingAndWriting) {
  const answered: { count: number; at: number }[] = [{ count: 0, at: Number.NEGATIVE_INFINITY }]
  let isOver = false
  const over = during.finally(() => {
    isOver = true
  })
  async function writing(): Promise<void> {
    for (let count = 1; !isOver; count++) {
      await write(count)
      answered.push({ count, at: performance.now() })
      await sleep(10)
    }
  }
  const result = { reads: 0, stale: 0 }
  async function reading(): Promise<void> {
    while (!isOver) {
      const began = performance.now()
      const found = await read()
      const known = answered.findLast(({ at }) => at <= began - maxStale)?.count ?? 0
      result.reads++
      if (found < known) result.stale++
      await sleep(1)
    }
  }
  await Promise.all([over, writing(), reading(), reading()])
  return result
}
