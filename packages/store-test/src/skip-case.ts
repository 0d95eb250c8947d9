interface Skipping {
  skip?(reason: string): unknown
}

/**
 * Reports a running case as not tested. vitest and node:test hand a context to each case and Mocha binds one; Jest has none, and gets a
 * line on the console.
 */
export function skipCase(contexts: readonly unknown[], title: string, reason: string): void {
  for (const context of contexts as readonly (Skipping | null | undefined)[]) {
    if (typeof context?.skip === 'function') return void context.skip(reason)
  }
  console.warn(`${title}: ${reason}`)
}
