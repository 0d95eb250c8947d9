import session from 'express-session'
import type { Contender } from '../contender.ts'
import { optionsFor, sessionExpress, unwarned } from './session-express.ts'

/** Its middleware alone: the store is an object in the same process. */
export const contender: Contender = {
  async start({ mode }) {
    if (mode === 'lazy') return undefined
    return sessionExpress(unwarned(() => session({ store: new session.MemoryStore(), ...optionsFor(mode) })))
  },
}
