import type { SessionData } from '@tegata/core'

/**
 * What the store held when a session was read or written: what its next save may replace. Travels with the session where a
 * library offers no better place, so that it has no JSON.
 */
export class Loaded {
  readonly key: string
  value: Uint8Array
  /** What the request's own session showed then: a merge leaves it without what others wrote. */
  base: SessionData
  /** The session ended under its request, whose later saves are dropped as well. */
  hasEnded = false

  constructor(key: string, value: Uint8Array, base: SessionData) {
    this.key = key
    this.value = value
    this.base = base
  }

  toJSON(): undefined {
    return undefined
  }
}
