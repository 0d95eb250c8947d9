import type { Cell } from './measure.ts'
import type { Many } from './measure-many.ts'
import type { Owners } from './measure-owners.ts'
import type { Rolling } from './measure-rolling.ts'

export interface Machine {
  node: string
  redis: string
  cpus: string
  /** Bytes. */
  memory: number
  /** When it began: of 1, 5 and 15 minutes. */
  load: number[]
  date: string
}

/** Everything that a run has found out. */
export interface Figures {
  machine: Machine
  asked: {
    /** What follows `npm run bench --`. */
    command: string
    rounds: number
    requests: number
    connections: number
    owners: boolean
    /** What a full run has and this one does not. */
    leftOut: string[]
  }
  cells: Cell[]
  rolling: Rolling[]
  many: Many[]
  owners?: Owners | undefined
}
