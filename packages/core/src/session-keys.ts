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

/**
 * Where a log-out of all sessions of an owner leaves word that it ends the one at `previousKey`, whose new key it does not know. A mark of
 * the new format, among its sessions.
 */
export const fenceKeyOf = ({ keyOf }: SessionFormat, previousKey: string): string =>
  keyOf(`moved:${previousKey}`)
