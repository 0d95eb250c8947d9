import type { AnyResponse } from './response.ts'
import { sharedPrototype } from './shared-prototype.ts'

/** By the prototype on which a layer was put. */
const layers = new WeakMap<object, object>()

/**
 * A layer of methods beneath the `express.response` that all applications share: once Express has given a response its prototype, each
 * property that is added to it costs microseconds. An application that is called by a handler of another one gives the response
 * a prototype of its own, so that a layer beneath either's `app.response` would be lost. `undefined` for other responses, and for
 * those that a layer below has patched one by one.
 */
export function applicationLayer(
  res: AnyResponse,
  createLayer: (prototype: object) => object,
): object | undefined {
  const shared = sharedPrototype(res)
  if (!shared || isPatched(res)) return undefined
  return layers.get(shared) ?? addLayer(shared, createLayer)
}

/** Written out, as it is asked of every response. */
const isPatched = (res: AnyResponse): boolean =>
  Object.hasOwn(res, 'end') ||
  Object.hasOwn(res, 'write') ||
  Object.hasOwn(res, 'writeHead') ||
  Object.hasOwn(res, 'flushHeaders')

function addLayer(shared: object, createLayer: (prototype: object) => object): object {
  const layer = createLayer(Object.getPrototypeOf(shared))
  Object.setPrototypeOf(shared, layer)
  layers.set(shared, layer)
  return layer
}
