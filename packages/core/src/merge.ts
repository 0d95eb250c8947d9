import type { SessionData } from './format.ts'
import { same } from './same.ts'

/** A top-level key that this request and another one both changed. */
export interface KeyConflict {
  key: string
  /** The value when this request loaded the session; `undefined` where there was none. */
  loaded: unknown
  mine: unknown
  theirs: unknown
}

/** Top-level keys whose value differs, appeared or went. */
export function changedKeys(from: SessionData, to: SessionData): string[] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)])
  return [...keys].filter((key) => !same(own(from, key), own(to, key)))
}

/** Not what every object inherits: `constructor` is a key like any other. */
export const own = (data: SessionData, key: string): unknown =>
  Object.hasOwn(data, key) ? data[key] : undefined

/**
 * Three-way merge by top-level key: what this request changed since `loaded`, on top of `theirs`. A delete is a change.
 * Where both changed a key to different values, `resolve` says what is kept; `undefined` removes it.
 */
export function mergeData(
  loaded: SessionData,
  mine: SessionData,
  theirs: SessionData,
  resolve: (conflict: KeyConflict) => unknown,
): { data: SessionData; conflicts: string[] } {
  const data = { ...theirs }
  const conflicts: string[] = []
  const changedByThem = new Set(changedKeys(loaded, theirs))
  for (const key of changedKeys(loaded, mine)) {
    let value = own(mine, key)
    if (changedByThem.has(key) && !same(value, own(theirs, key))) {
      conflicts.push(key)
      value = resolve({ key, loaded: own(loaded, key), mine: value, theirs: own(theirs, key) })
    }
    if (value === undefined) delete data[key]
    else data[key] = value
  }
  return { data, conflicts }
}

/** Makes `target` hold exactly what `source` holds, keeping its identity: handlers may hold on to `session.data`. */
export function replaceContents(target: SessionData, source: SessionData): void {
  for (const key of Object.keys(target)) if (!Object.hasOwn(source, key)) delete target[key]
  if (!Object.hasOwn(source, '__proto__')) return void Object.assign(target, source)
  // Assigned, that key would become the prototype, where no save finds and refuses it.
  for (const [key, value] of Object.entries(source)) {
    Object.defineProperty(target, key, { configurable: true, enumerable: true, writable: true, value })
  }
}
