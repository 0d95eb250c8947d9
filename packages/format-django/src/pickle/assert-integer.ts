/** Throws a `RangeError` unless `value` is an integer from `low` to `high`. */
export function assertInteger(what: string, value: unknown, low: number, high: number): void {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
    throw new RangeError(`${what} takes an integer from ${low} to ${high}.`)
  }
}
