import { type DumpsOptions, resolveMaxDepth } from './options.ts'
import { Pickler } from './pickler.ts'

/**
 * Writes a value as a pickle of protocol 4, which Python 3.4 and later load.
 *
 * Properties that are `undefined` are left out; elsewhere `undefined` is `None`. Values met more than once are written once,
 * so Python finds one object in their place, as JavaScript has it.
 *
 * Throws a `PickleError`, and nothing else but a `TypeError` for a wrong option and what a getter of the value throws.
 */
export function dumps(value: unknown, options?: DumpsOptions): Uint8Array<ArrayBuffer> {
  return new Pickler(resolveMaxDepth(options)).dump(value)
}
