/** Nothing is known of what became of the command. */
export class CommandTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`Redis did not answer within ${milliseconds / 1000} s.`)
    this.name = 'CommandTimeoutError'
  }
}

/** Throws a `TypeError` for seconds that no timer can wait for: beyond 2³¹ ms, some 24 days, it would end at once. */
export function assertTimeout(name: string, seconds: number): void {
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 2_000_000) return
  throw new TypeError(`The option \`${name}\` must be a positive number of seconds, 2,000,000 at most.`)
}

/** Rejects after so many milliseconds; what `call` answers later changes nothing. */
export function within<T>(milliseconds: number, call: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new CommandTimeoutError(milliseconds)), milliseconds)
    call().then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
