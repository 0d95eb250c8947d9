import type { SessionFormat } from './format.ts'

/** Where the session of an id may lie. */
export interface SessionKeys {
  key: string
  /** In the format that sessions are moved from. */
  previousKey?: string
}

export function keysOf({ keyOf, previous }: SessionFormat, id: string): SessionKeys {
  const key = keyOf(id)
  return previous?.isId(id) ? { key, previousKey: previous.keyOf(id) } : { key }
}
