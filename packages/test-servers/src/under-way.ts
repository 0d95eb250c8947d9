/**
 * For a promise that is awaited later: should it reject before that, or the test fail meanwhile, the test fails, which is tried again,
 * and not the whole run for an error that nobody handled.
 */
export function underWay<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
