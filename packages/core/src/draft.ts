import { deadlines, expiryFrom, sameExpiry } from './deadlines.ts'
import { SessionConflictError, SessionDataError } from './errors.ts'
import type { Serialized, SessionHeader } from './format.ts'
import { changedKeys, type KeyConflict, mergeData, own } from './merge.ts'
import type { Runtime } from './runtime.ts'
import { same } from './same.ts'
import { assertReadable } from './schema.ts'
import type { SessionState, StoredState } from './session-state.ts'

/** What a commit is about to write. */
export interface Draft {
  /** This request's own header as it was then; setting another expiry replaces it. */
  mine: SessionHeader
  header: SessionHeader
  serialized: Serialized
  /** Keys that this request and another one both changed; this one's values were taken. */
  overwritten: readonly string[]
}

export const newDraft = ({ header }: SessionState, serialized: Serialized): Draft => ({
  mine: header,
  header: { ...header },
  serialized,
  overwritten: [],
})

/**
 * This request's changes on top of what the store holds now, three ways by top-level key; expiry and label merge like
 * keys. Throws a `SessionConflictError` where the options ask for it.
 */
export function mergeDraft(
  runtime: Runtime,
  state: SessionState,
  mine: Serialized,
  current: StoredState,
): Draft {
  const { format, onConflict } = runtime
  const { header } = state
  const loaded = state.stored as StoredState
  if (current === loaded || state.rotation?.fresh) return newDraft(state, mine)

  const { data, conflicts } = mergeData(
    format.deserialize(loaded.serialized),
    format.deserialize(mine),
    format.deserialize(current.serialized),
    typeof onConflict === 'function' ? onConflict : ({ mine: value }: KeyConflict) => value,
  )
  if (conflicts.length > 0 && onConflict === 'fail') throw new SessionConflictError(conflicts)
  return {
    mine: header,
    header: {
      ...header,
      createdAt: Math.min(header.createdAt, current.header.createdAt),
      extras: header.extras === loaded.header.extras ? current.header.extras : header.extras,
      label: header.label === loaded.header.label ? current.header.label : header.label,
      expiry: sameExpiry(header.expiry, loaded.header.expiry) ? current.header.expiry : header.expiry,
    } as SessionHeader,
    serialized: format.serialize(data),
    overwritten: onConflict === 'merge' ? conflicts : [],
  }
}

/** Another login, or another session under a reused id: merging into it would hand one user's data to another. */
export function crossesIdentity(
  { format, identityKeys }: Runtime,
  loaded: StoredState,
  now: StoredState,
): boolean {
  const [a, b] = [loaded.header, now.header]
  if (a.owner !== b.owner || a.authenticatedAt !== b.authenticatedAt) return true
  // What another library wrote may not say when it was created, which makes it no other session.
  if (a.createdAt !== b.createdAt && Number.isFinite(a.createdAt) && Number.isFinite(b.createdAt)) return true
  if (identityKeys.length === 0) return false
  const before = format.deserialize(loaded.serialized)
  const after = format.deserialize(now.serialized)
  return identityKeys.some((key) => !same(own(before, key), own(after, key)))
}

export function isSameData({ format }: Runtime, a: Serialized, b: Serialized): boolean {
  return a === b || changedKeys(format.deserialize(a), format.deserialize(b)).length === 0
}

/** Dates the draft and makes it bytes. Rejects with a `SessionDataError` for what could not be loaded again. */
export async function encodeDraft(runtime: Runtime, { header, serialized }: Draft, key: string) {
  const { format, schema, maxBytes, now, random } = runtime
  const output = schema && (await assertReadable(schema, format.deserialize(serialized)))
  const writtenAt = now()
  // What is known stays, whatever this clock says: others tell the session by it.
  if (!Number.isFinite(header.createdAt)) header.createdAt = writtenAt
  Object.assign(header, { writtenAt, ...deadlines(header, runtime) })
  const value = format.encode(header, serialized, key, random)
  if (value.length > maxBytes) {
    throw new SessionDataError(
      `The session would take ${value.length} bytes; \`maxBytes\` allows ${maxBytes}.`,
    )
  }
  return { value, expiresAt: expiryFrom(writtenAt, header), output }
}
