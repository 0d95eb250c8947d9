import { requestSlot } from '@tegata/node-response'
import type { Keeper } from './keeper.ts'

/** Shared by the ESM and the CommonJS build, which an application may load both. */
const keepers = requestSlot<Keeper>(Symbol.for('@tegata/express/express-session'))

/** What the middleware keeps for a request; none for the bare objects that stores make sessions with. */
export const keeperOf = (req: object): Keeper | undefined => keepers.get(req)

export const setKeeper = (keeper: Keeper): void => keepers.set(keeper)
