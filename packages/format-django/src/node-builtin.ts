import type * as module from 'node:module'
import type * as zlib from 'node:zlib'

interface Builtins {
  'node:module': typeof module
  'node:zlib': typeof zlib
}

/**
 * A module of Node (or of Bun, Deno) where one is needed at last, so that importing this package needs none. Throws where the
 * runtime has no such thing.
 */
export function nodeBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  const found = (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.(name)
  if (!found) throw new Error(`This needs ${name}, which the runtime does not have.`)
  return found as unknown as Builtins[Name]
}
