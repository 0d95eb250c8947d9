import { isTimeout, timeoutRange } from '@tegata/core'

/** Nothing is known of what became of the command. */
export class CommandTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`Redis did not answer within ${milliseconds / 1000} s.`)
    this.name = 'CommandTimeoutError'
  }
}

/** Throws a `TypeError` for seconds that no timer can wait for. */
export function assertTimeout(name: string, seconds: number): void {
  if (!isTimeout(seconds)) throw new TypeError(`The option \`${name}\` must be ${timeoutRange}.`)
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
