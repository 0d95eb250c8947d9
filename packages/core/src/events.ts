import type { SessionError } from './errors.ts'

/** What happened, for logs, metrics and alarms. Events carry the session's public handle, never its id. */
export type SessionEvent =
  /** A session was stored for the first time. */
  | { type: 'created'; handle: string; owner?: string }
  /** A session moved to a new id; with `owner` at `authenticate`. */
  | { type: 'rotated'; handle: string; previous: string; owner?: string }
  /** With `owner` by `destroyByOwner`. */
  | { type: 'destroyed'; handle: string; owner?: string }
  /** A session gave way to a newer login of its owner, whose handle is `by` (`maxSessionsPerOwner`). */
  | { type: 'displaced'; handle: string; owner: string; by: string }
  /** A session was moved here from another format, of this name. */
  | { type: 'moved'; handle: string; from: string }
  /** A cookie named a session whose deadline has passed though the store still had it. */
  | { type: 'expired'; handle: string }
  /** A well-formed cookie names no session: expired long ago, or never issued. */
  | { type: 'unknown-id'; handle: string }
  /** A cookie names a session that was rotated or ended within the last minute. */
  | { type: 'ended-id'; handle: string }
  /** The cookie's value has not the shape (or not the signature) of an id; the store was not asked. */
  | { type: 'malformed-id' }
  /** The session ended, or became another login's, while a request held it; its changes of `keys` were dropped. */
  | { type: 'interrupted'; handle: string; keys: readonly string[] }
  /** Two requests changed these keys; the later commit won. */
  | { type: 'overwritten'; handle: string; keys: readonly string[] }
  /** Changes of these keys were dropped, since the store could not be read (`onStoreError: 'anonymous'`). */
  | { type: 'dropped'; keys: readonly string[] }
  /** The stored value cannot be read. */
  | { type: 'invalid-value'; handle: string; error: SessionError }
  /** The store failed, or did not answer in time; `destroy` also where others of an owner's sessions should end. */
  | { type: 'store-error'; operation: 'load' | 'commit' | 'destroy'; error: SessionError }
  /** A Secure cookie was set on a request that does not look secure: behind a proxy, trust it, or browsers drop the cookie. */
  | { type: 'insecure-cookie'; name: string }

export type SessionListener = (event: SessionEvent) => void
