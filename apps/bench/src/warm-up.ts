import { requestsFor } from './scale.ts'

/** Requests of a small session. In the first of them bare Express takes about twice its time. */
const BLOCK = 5000
const MOST_BLOCKS = 6
/** Two blocks that differ by no more than this part of the second. */
const AGREE = 0.1

/**
 * Until a server is warm: V8 has compiled what it runs often, and what it compiles, on threads of the same process, no longer
 * counts. Blocks of requests until two in a row take the same CPU time, at least two and at most six.
 * `run` sends so many requests and answers the CPU time of one.
 */
export async function warmUp(size: number, run: (requests: number) => Promise<number>): Promise<void> {
  const requests = requestsFor(BLOCK, size)
  let before = await run(requests)
  for (let block = 2; block <= MOST_BLOCKS; block++) {
    const now = await run(requests)
    if (Math.abs(now - before) <= AGREE * now) return
    before = now
  }
}
