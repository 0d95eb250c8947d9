import { PickleError } from './errors.ts'
import type { DumpsOptions } from './options.ts'

/**
 * Writes a value as a pickle of protocol 4, which Python 3.4 and later load.
 *
 * Properties that are `undefined` are left out; elsewhere `undefined` is `None`. Values met more than once are written once,
 * so Python finds one object in their place, as JavaScript has it.
 *
 * Throws a `PickleError`, and nothing else but what a getter of the value throws.
 */
export function dumps(_value: unknown, _options: DumpsOptions = {}): Uint8Array<ArrayBuffer> {
  throw new PickleError('PICKLE_UNSUPPORTED', 'Not written yet.')
}
