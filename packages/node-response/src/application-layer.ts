import type { AnyResponse } from './response.ts'

/** By the prototype on which a layer was put. */
const layers = new WeakMap<object, object>()

/**
 * A layer of methods beneath the `app.response` of Express, made once for an application: once Express has given a response its
 * prototype, each property that is added to it costs microseconds. `undefined` for other responses, and for those that a
 * layer below has patched one by one.
 */
export function applicationLayer(
  res: AnyResponse,
  createLayer: (prototype: object) => object,
): object | undefined {
  const application = outermostApplication(res)
  if (!application || isPatched(res)) return undefined
  return layers.get(application) ?? addLayer(application, createLayer)
}

/** The `app.response` that those of mounted applications inherit from. */
function outermostApplication(res: AnyResponse): object | undefined {
  let found: object | undefined
  for (let at = Object.getPrototypeOf(res); Object.hasOwn(at, 'app'); at = Object.getPrototypeOf(at))
    found = at
  return found
}

/** Written out, as it is asked of every response. */
const isPatched = (res: AnyResponse): boolean =>
  Object.hasOwn(res, 'end') ||
  Object.hasOwn(res, 'write') ||
  Object.hasOwn(res, 'writeHead') ||
  Object.hasOwn(res, 'flushHeaders')

function addLayer(application: object, createLayer: (prototype: object) => object): object {
  const layer = createLayer(Object.getPrototypeOf(application))
  Object.setPrototypeOf(application, layer)
  layers.set(application, layer)
  return layer
}
