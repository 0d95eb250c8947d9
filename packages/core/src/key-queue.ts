import type { Budget } from './budget.ts'

/** What a commit answers, and what it left at the key, if it knows. */
export interface Committed<T> {
  answer: T
  value?: Uint8Array | undefined
}

/**
 * Commits to one key go one after another within this process, and each hands what it wrote to the next: fifty writers need
 * fifty commands, where fifty that collide in the store would need hundreds. Between processes the store decides.
 */
export class KeyQueue {
  readonly #tails = new Map<string, Promise<Uint8Array | undefined>>()

  /** Runs `commit` when the commits before it have ended or run out of time. */
  async run<T>(
    key: string,
    budget: Budget,
    commit: (latest: Uint8Array | undefined) => Promise<Committed<T>>,
  ): Promise<T> {
    const before = this.#tails.get(key)
    const turn = before ? before.then(commit) : commit(undefined)
    const tail = budget.outlast(turn).then((committed) => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
      return committed?.value
    })
    this.#tails.set(key, tail)
    return (await turn).answer
  }
}
