import { type AnyResponse, OUTLET, type Outlet, outletOf } from './response.ts'

/** The outlets beneath the methods that were put on a prototype. */
const beneath = new WeakMap<object, Outlet>()

/**
 * Puts methods in front of those that a response has, and answers these. Express gives every response another prototype, after
 * which each property that is added to one costs microseconds: there the methods go once to the application's `app.response`,
 * where Express has methods added, unless a layer below has patched this very response.
 */
export function putInFront(res: AnyResponse, methods: Outlet): Outlet {
  const prototype = applicationResponse(res)
  if (!prototype || OUTLET.some((name) => Object.hasOwn(res, name))) {
    const found = pick(outletOf(res))
    // One by one: a loop would cost more than the rest of a passing gate.
    const outlet = outletOf(res)
    outlet.write = methods.write
    outlet.end = methods.end
    outlet.writeHead = methods.writeHead
    outlet.flushHeaders = methods.flushHeaders
    return found
  }
  return beneath.get(prototype) ?? extend(prototype, methods)
}

/** What a response that nobody holds has beneath methods on its prototype. */
export function outletBeneath(res: AnyResponse): Outlet {
  let outlet: Outlet | undefined
  for (let at = Object.getPrototypeOf(res); !outlet; at = Object.getPrototypeOf(at)) outlet = beneath.get(at)
  return outlet
}

/** The `app.response` of the outermost application: those of mounted ones inherit from it. */
function applicationResponse(res: AnyResponse): object | undefined {
  let found: object | undefined
  for (let at = Object.getPrototypeOf(res); Object.hasOwn(at, 'app'); at = Object.getPrototypeOf(at))
    found = at
  return found
}

function extend(prototype: object, methods: Outlet): Outlet {
  const outlet = pick(prototype as Outlet)
  beneath.set(prototype, outlet)
  for (const name of OUTLET) {
    Object.defineProperty(prototype, name, { configurable: true, writable: true, value: methods[name] })
  }
  return outlet
}

const pick = ({ write, end, writeHead, flushHeaders }: Outlet): Outlet => ({
  write,
  end,
  writeHead,
  flushHeaders,
})
