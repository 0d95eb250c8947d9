import { sharedPrototype } from '@tegata/node-response'
import { keeperOf, type SessionKeeper } from './keeper-of.ts'
import type { SessionRequest } from './types.ts'

const NAMES = ['sessionID', 'sessionStore'] as const

/**
 * Gives a request `sessionID` and `sessionStore`. In Express all requests inherit them from `express.request`: once Express has
 * given a request its prototype, each property added to it costs microseconds. `session` alone is the request's own, as
 * `delete req.session` means something.
 */
export function showKept(req: SessionRequest): void {
  const shared = sharedPrototype(req)
  if (!shared) return define(req)
  if (!Object.hasOwn(shared, 'sessionID')) define(shared)
  // Somebody's own would hide them.
  for (const name of NAMES) if (Object.hasOwn(req, name)) return define(req)
}

const define = (target: object): void => {
  Object.defineProperties(target, descriptors)
}

const property = (name: (typeof NAMES)[number]): PropertyDescriptor => ({
  configurable: true,
  enumerable: true,
  get(this: SessionRequest) {
    return keeperBehind(this)?.[name]
  },
  set(this: SessionRequest, value: never) {
    const keeper = keeperBehind(this)
    if (keeper) keeper[name] = value
    // A request without the middleware: what it has is somebody else's.
    else Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value })
  },
})

const descriptors = Object.fromEntries(NAMES.map((name) => [name, property(name)]))

/** Also through an object that inherits from the request, or a proxy for it: what it shows as `session` knows its own request. */
function keeperBehind(req: SessionRequest): SessionKeeper | undefined {
  const keeper = keeperOf(req)
  if (keeper || !('session' in req)) return keeper
  try {
    const behind = req.session?.req
    return behind && keeperOf(behind)
  } catch {
    // That of another middleware, in another application, which has to be loaded first.
    return undefined
  }
}
