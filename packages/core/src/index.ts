export { base64url, fromUtf8, sameInConstantTime, utf8 } from './bytes.ts'
export type { Cipher, EncryptionOptions } from './cipher.ts'
export type { IdChange, SessionAccess, SessionContext, SessionHeaders, SessionRequest } from './context.ts'
export { type CookieTransport, cookieTransport } from './cookie.ts'
export type { CookieOptions, ResolvedCookieOptions } from './cookie-options.ts'
export {
  SessionConflictError,
  SessionDataError,
  SessionError,
  type SessionErrorCode,
  SessionHeadersSentError,
  SessionInterruptedError,
  SessionReadOnlyError,
  SessionValueError,
  StoreUnavailableError,
  type WriteOutcome,
} from './errors.ts'
export type { SessionEvent, SessionListener } from './events.ts'
export type {
  DecodedSession,
  Expiry,
  Serialized,
  SessionData,
  SessionFormat,
  SessionHeader,
} from './format.ts'
export { handleOf } from './handle.ts'
export { createId } from './id.ts'
export { assertStorable, parseData, stringifyData } from './json.ts'
export { changedKeys, type KeyConflict, mergeData } from './merge.ts'
export { type MigrateOptions, migrate } from './migrate.ts'
export { type NativeFormatOptions, nativeFormat } from './native-format.ts'
export type { SessionOptions } from './options.ts'
export { isIndexKey } from './owner-index.ts'
export type { DestroyByOwnerOptions, OwnedSession } from './owners.ts'
export { same } from './same.ts'
export type { AuthenticateOptions, Session } from './session.ts'
export { createSessions, type SessionPolicy, type Sessions } from './sessions.ts'
export { type Slide, slideOf } from './slide.ts'
export type {
  EndMark,
  EndOptions,
  EnumerableStore,
  Expected,
  IndexEntry,
  IndexedStore,
  IndexingOptions,
  IndexMember,
  KeyWatch,
  LeadingIdle,
  ReadOptions,
  RecalledValue,
  ReplaceOutcome,
  RotateOutcome,
  SessionStore,
  SlideFields,
  StoredValue,
  StoreSupports,
  WatchableStore,
  WatchListener,
  WriteOptions,
} from './store.ts'
export { isTimeout, timeoutRange } from './timeout.ts'
