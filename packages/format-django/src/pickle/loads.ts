import type { LoadsOptions } from './options.ts'
import { resolveLoadsOptions } from './options.ts'
import { Unpickler } from './unpickler.ts'
import type { PickleValue } from './value.ts'

/**
 * Reads one pickle of protocol 0 to 5 into plain data: a fresh copy at each call, which shares nothing with `bytes`. Bytes
 * after its end are ignored, as Python does. It never calls anything that the pickle names.
 *
 * Throws a `PickleError`, and a `TypeError` for arguments of the wrong type.
 */
export function loads(bytes: Uint8Array, options?: LoadsOptions): PickleValue {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('loads takes a Uint8Array.')
  return new Unpickler(bytes, resolveLoadsOptions(options)).load() as PickleValue
}
