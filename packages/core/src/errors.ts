/** Stable codes: part of the API, unlike the messages. */
export type SessionErrorCode =
  | 'STORE_UNAVAILABLE'
  | 'SESSION_VALUE_INVALID'
  | 'SESSION_DATA_INVALID'
  | 'SESSION_INTERRUPTED'
  | 'SESSION_CONFLICT'
  | 'SESSION_HEADERS_SENT'
  | 'SESSION_READ_ONLY'

/**
 * Base of every error that a request can meet. Mistakes in options are plain `TypeError`s, thrown at construction.
 *
 * Messages are written by Tegata and never quote a store, a parser or a stored value: what those said is in
 * `cause`, which web frameworks do not print to clients.
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode
  /** The HTTP status an integration answers with when nobody handles the error. */
  readonly status: number
  /** Read by Koa and http-errors: the message is not for clients. */
  readonly expose = false

  constructor(code: SessionErrorCode, status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.status = status
  }

  /** Read by Express' final handler. */
  get statusCode(): number {
    return this.status
  }
}

/**
 * What is known of a write that failed: surely not applied; perhaps applied; or applied, but `'unconfirmed'` by as many
 * replicas as were asked for, so that a failover may lose it.
 */
export type WriteOutcome = 'not-applied' | 'unknown' | 'unconfirmed'

/**
 * The store did not answer in time, or could not be reached: HTTP 503. It says nothing about the session, so no cookie
 * is cleared for it.
 */
export class StoreUnavailableError extends SessionError {
  /** What became of a write; `'not-applied'` for a read. */
  readonly outcome: WriteOutcome

  constructor(message: string, options: ErrorOptions & { outcome?: WriteOutcome } = {}) {
    const { outcome = 'not-applied', ...rest } = options
    super('STORE_UNAVAILABLE', 503, message, rest)
    this.outcome = outcome
  }
}

/**
 * What the store holds under this session's key cannot be read as a session: HTTP 500. The stored bytes stay as they
 * are; `authenticate` and `destroy` still work.
 */
export class SessionValueError extends SessionError {
  constructor(message: string, options?: ErrorOptions) {
    super('SESSION_VALUE_INVALID', 500, message, options)
  }
}

/** The data a handler left in the session cannot be stored (not serialisable, too large, against the schema): HTTP 500. */
export class SessionDataError extends SessionError {
  constructor(message: string, options?: ErrorOptions) {
    super('SESSION_DATA_INVALID', 500, message, options)
  }
}

/**
 * The session ended (logout, rotation, expiry) or became another login's while this request held it, so its
 * writes were dropped: HTTP 409. Thrown by explicit calls only; at the end of a request an event reports it instead.
 */
export class SessionInterruptedError extends SessionError {
  constructor(message = 'The session ended while this request was using it; its changes were not saved.') {
    super('SESSION_INTERRUPTED', 409, message)
  }
}

/** Another request changed the same key of the session, and `onConflict: 'fail'` asks not to merge: HTTP 409. */
export class SessionConflictError extends SessionError {
  /** The top-level keys that both requests changed. */
  readonly keys: readonly string[]

  constructor(keys: readonly string[]) {
    super(
      'SESSION_CONFLICT',
      409,
      'Another request changed the same part of the session; nothing of this request was saved.',
    )
    this.keys = keys
  }
}

/** The change needs a cookie (a new session, a new id, a new date), but the response's headers have left: HTTP 500. */
export class SessionHeadersSentError extends SessionError {
  constructor(
    message = 'The session needs to set a cookie, but the headers of the response have been sent.',
  ) {
    super('SESSION_HEADERS_SENT', 500, message)
  }
}

/** The format only reads: what lies in the store is a copy of what another program keeps elsewhere. HTTP 500. */
export class SessionReadOnlyError extends SessionError {
  constructor(message = 'These sessions can only be read here; another program keeps them.') {
    super('SESSION_READ_ONLY', 500, message)
  }
}
