import type { Keeper } from './keeper.ts'

/** Beside the requests, and shared by the ESM and the CommonJS build, which an application may load both. */
const KEEPERS = Symbol.for('@tegata/express/express-session')

const registry = globalThis as { [KEEPERS]?: WeakMap<object, Keeper> }
registry[KEEPERS] ??= new WeakMap()
const keepers = registry[KEEPERS]

/** What the middleware keeps for a request; none for the bare objects that stores make sessions with. */
export const keeperOf = (req: object): Keeper | undefined => keepers.get(req)

export function setKeeper(req: object, keeper: Keeper): void {
  keepers.set(req, keeper)
}
