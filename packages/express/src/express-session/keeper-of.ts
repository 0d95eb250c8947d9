import type { Keeper } from './keeper.ts'

/** Shared by the ESM and the CommonJS build, which an application may load both. */
const KEEPER = Symbol.for('@tegata/express/express-session')

type Carrier = { [KEEPER]?: Keeper }

/** What the middleware keeps for a request; none for the bare objects that stores make sessions with. */
export const keeperOf = (req: object): Keeper | undefined => (req as Carrier)[KEEPER]

export function setKeeper(req: object, keeper: Keeper): void {
  Object.defineProperty(req, KEEPER, { value: keeper, configurable: true })
}
