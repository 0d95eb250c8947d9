/** What the measuring process asks a server's process. */
export type Question = 'usage' | 'enumerate'

export interface Usage {
  /** Microseconds of CPU time since the process began. */
  cpu: number
  /** Bytes. */
  rss: number
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

export type Answer = { port: number | undefined } | Usage | Enumeration | { failed: string }
