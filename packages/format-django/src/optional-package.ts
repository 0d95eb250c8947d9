import { nodeBuiltin } from './node-builtin.ts'

/** An optional dependency, loaded when it is used first. Throws where it is not installed. */
export function optionalPackage(name: string): unknown {
  packages.set(name, packages.get(name) ?? nodeBuiltin('node:module').createRequire(import.meta.url)(name))
  return packages.get(name)
}

const packages = new Map<string, unknown>()
