import { PickleError } from './errors.ts'
import type { LoadsOptions } from './options.ts'
import type { PickleValue } from './value.ts'

/**
 * Reads one pickle of protocol 0 to 5 into plain data: a fresh copy at each call, which shares nothing with `bytes`. Bytes
 * after the end are ignored, as Python does. It never calls anything the pickle names.
 *
 * Throws a `PickleError`, and nothing else.
 */
export function loads(_bytes: Uint8Array, _options: LoadsOptions = {}): PickleValue {
  throw new PickleError('PICKLE_INVALID', 'Not written yet.')
}
