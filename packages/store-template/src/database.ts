export interface Row {
  value: Uint8Array
  /** Epoch ms. */
  expiresAt: number
  /** Columns of their own, the first with an index of the database. */
  listed?: { index: string; note: string; rank: number } | undefined
}

export interface Tables {
  rows: Map<string, Row>
  /** The last number given out: no two entries get the same, whatever becomes of them. */
  sequence: number
}

/** Between a client and its server. */
const way = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Stands for a client of your database: one connection to a server that does one transaction after another. */
export class Database {
  readonly #tables: Tables
  #cuts = 0

  /** Another client of the same server, where one is given. */
  constructor(other?: Database) {
    this.#tables = other ? other.#tables : { rows: new Map(), sequence: 0 }
  }

  /** Does `step` at the server, where nothing gets in between. Rejects when the connection is lost on the way there or back. */
  async transaction<T>(step: (tables: Tables) => T): Promise<T> {
    const cuts = this.#cuts
    const arrived = async () => {
      await way()
      if (cuts !== this.#cuts) throw new Error('The connection was lost.')
    }
    await arrived()
    const answer = step(this.#tables)
    await arrived()
    return answer
  }

  /** Loses what is under way. */
  cut(): void {
    this.#cuts++
  }
}
