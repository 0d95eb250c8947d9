/** What the measuring process asks a server's process. */
export type Question =
  /** What it has used until now. */
  | { ask: 'usage' }
  /** To free what it does not need. */
  | { ask: 'collect' }
  /** To list all sessions. */
  | { ask: 'enumerate' }
  /** To begin sessions, with no requests; `done` says whether it can. */
  | { ask: 'fill'; count: number; size: number }

export interface Usage {
  /** Microseconds of CPU time since the process began. */
  cpu: number
}

export interface Enumeration {
  count: number
  /** Milliseconds. */
  took: number
  /** The longest time for which the event loop did nothing else, milliseconds. */
  blocked: number
  /** Bytes by which the process grew at most. */
  grew: number
}

export interface Done {
  done: boolean
}

export type Answer = { port: number | undefined } | Usage | Enumeration | Done | { failed: string }
