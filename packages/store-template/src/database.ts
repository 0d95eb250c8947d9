export interface Row {
  value: Uint8Array
  /** Epoch ms. */
  expiresAt: number
  /** Columns of their own, the first with an index of the database. */
  listed?: { index: string; note: string; rank: number } | undefined
}

/** Between a client and its server. */
const way = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Stands for a client of your database: one connection to a server that does one transaction after another. */
export class Database {
  readonly #rows: Map<string, Row>
  #cuts = 0

  /** Another client of the same server, where one is given. */
  constructor(other?: Database) {
    this.#rows = other ? other.#rows : new Map()
  }

  /** Does `step` at the server, where nothing gets in between. Rejects when the connection is lost on the way there or back. */
  async transaction<T>(step: (rows: Map<string, Row>) => T): Promise<T> {
    const cuts = this.#cuts
    const arrived = async () => {
      await way()
      if (cuts !== this.#cuts) throw new Error('The connection was lost.')
    }
    await arrived()
    const answer = step(this.#rows)
    await arrived()
    return answer
  }

  /** Loses what is under way. */
  cut(): void {
    this.#cuts++
  }
}
