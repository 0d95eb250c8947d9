/**
 * Stable codes: part of the API, unlike the messages.
 *
 * - `PICKLE_INVALID`: no pickle, a damaged one, or one that CPython itself would not load.
 * - `PICKLE_REFUSED`: it asks for more than data: a class outside the allow-list, a call, a persistent id, an extension.
 * - `PICKLE_LIMIT`: it is larger than an option of `loads` or `dumps` allows; `limit` names the option.
 * - `PICKLE_CYCLE`: a value holds itself.
 * - `PICKLE_UNSUPPORTED`: `dumps` was given a value that no Python value stands for.
 */
export type PickleErrorCode =
  | 'PICKLE_INVALID'
  | 'PICKLE_REFUSED'
  | 'PICKLE_LIMIT'
  | 'PICKLE_CYCLE'
  | 'PICKLE_UNSUPPORTED'

export interface PickleErrorDetails extends ErrorOptions {
  /** Byte of the pickle at which the opcode at fault begins. */
  offset?: number | undefined
  /** The module of the class or function that was refused, as the pickle writes it. */
  module?: string | undefined
  /** The class or function that was refused. */
  className?: string | undefined
  /** The option whose bound was passed. */
  limit?: string | undefined
  /** Of an error of `dumps`: the key of the outermost dict under which the value at fault lies. */
  key?: string | undefined
}

/** The only error of `loads` and `dumps`. Messages may quote names from the pickle: they are for logs, not for clients. */
export class PickleError extends Error {
  readonly code: PickleErrorCode
  readonly offset: number | undefined
  readonly module: string | undefined
  /** The refused class or function; `Error.name` keeps its usual meaning. */
  readonly className: string | undefined
  readonly limit: string | undefined
  readonly key: string | undefined

  constructor(code: PickleErrorCode, message: string, details: PickleErrorDetails = {}) {
    super(message, details)
    this.name = 'PickleError'
    this.code = code
    this.offset = details.offset
    this.module = details.module
    this.className = details.className
    this.limit = details.limit
    this.key = details.key
  }
}
