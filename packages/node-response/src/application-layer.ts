import { type AnyResponse, OUTLET } from './response.ts'

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
  if (!application || OUTLET.some((name) => Object.hasOwn(res, name))) return undefined
  return layers.get(application) ?? addLayer(application, createLayer)
}

/** The `app.response` that those of mounted applications inherit from. */
function outermostApplication(res: AnyResponse): object | undefined {
  let found: object | undefined
  for (let at = Object.getPrototypeOf(res); Object.hasOwn(at, 'app'); at = Object.getPrototypeOf(at))
    found = at
  return found
}

function addLayer(application: object, createLayer: (prototype: object) => object): object {
  const layer = createLayer(Object.getPrototypeOf(application))
  Object.setPrototypeOf(application, layer)
  layers.set(application, layer)
  return layer
}
