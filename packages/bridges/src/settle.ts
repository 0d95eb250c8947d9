export type Callback<T> = (error?: unknown, answer?: T) => void

/** For callbacks and promises alike: who passes a callback is told there, and only there. */
export function settle<T>(work: Promise<T>, callback?: Callback<T>): Promise<T | undefined> {
  if (!callback) return work
  return work.then(
    (answer) => tell(callback, null, answer),
    (error) => tell(callback, error),
  )
}

/** Outside of the promise: what a callback throws is not the store's failure. */
function tell<T>(callback: Callback<T>, error: unknown, answer?: T): undefined {
  queueMicrotask(() => (error ? callback(error) : callback(null, answer)))
}
