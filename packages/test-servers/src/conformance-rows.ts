import { expect, test } from 'vitest'

/** What a store was tested with, and how it went. */
export interface ConformanceRow {
  client: string
  topology: string
  passed: number
  /** Cases of abilities that the store does not declare. */
  notTested: number
}

type Run = (...context: unknown[]) => Promise<void>

/** The rows of a store in the table that documentation shows. */
export class ConformanceRows {
  readonly #rows: ConformanceRow[] = []

  /** The runner for a suite whose passing cases are counted in a row of their own. */
  row(client: string, topology: string): (title: string, run: Run) => void {
    const row = { client, topology, passed: 0, notTested: 0 }
    this.#rows.push(row)
    return (title, run) => {
      row.notTested++
      test(title, async (...context) => {
        await run(...context)
        row.passed++
        row.notTested--
      })
    }
  }

  /**
   * Declares the last test of a file: that all cases went as the file says, which `vitest run -u` writes. `npm run tables` takes it into
   * the documentation.
   */
  expectAsIn(path: string): void {
    test('the committed table of cases passed is true', async () => {
      await expect(`${JSON.stringify(this.#rows, null, 2)}\n`).toMatchFileSnapshot(path)
    })
  }
}
