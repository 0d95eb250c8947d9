import { applicationLayer } from './application-layer.ts'
import type { Listener } from './drain.ts'
import { Gate, type Hold } from './gate.ts'
import { responseSlot } from './message-slot.ts'
import { type AnyResponse, headersSentError, type Outlet, outletOf } from './response.ts'

/** Of this build alone: another one brings layers of its own, and two gates in a row are as good as one. */
const gates = responseSlot<Gate>(Symbol('gate'))

/**
 * Holds a response from its first byte on until a commit has ended; with nothing to commit every call passes straight
 * through. Layers above and below (compression, on-headers) keep working, whenever the gate is put in. Answers whether it was:
 * a response that is held already, by whomever, stays as it is.
 */
export function holdResponse(res: AnyResponse, hold: Hold): boolean {
  if (gates.get(res)) return false
  const layer = applicationLayer(res, createLayer) as Outlet | undefined
  // Asked of what is below: each member that is looked for on Express' responses costs a microsecond.
  const isSent: unknown = Reflect.get(layer ? Object.getPrototypeOf(layer) : res, 'headersSent', res)
  // What engine.io hands to middleware for an upgrade is no response, and soon forgets its headers.
  if (typeof isSent !== 'boolean') return false
  gates.set(new Gate(res, hold, layer ?? shared, layer !== undefined, isSent))
  if (layer) return true
  // One by one: a loop would cost more than the rest of a passing gate.
  const outlet = outletOf(res)
  outlet.write = shared.write
  outlet.end = shared.end
  outlet.writeHead = shared.writeHead
  outlet.flushHeaders = shared.flushHeaders
  return true
}

const gateOf = (res: AnyResponse) => gates.get(res) as Gate

/** For all responses: a closure each would cost more than the rest of a passing gate. */
const shared: Outlet = {
  write(this: AnyResponse, ...args: unknown[]) {
    return gateOf(this).write(args)
  },
  end(this: AnyResponse, ...args: unknown[]) {
    return gateOf(this).end(args)
  },
  writeHead(this: AnyResponse, ...args: unknown[]) {
    return gateOf(this).writeHead(args)
  },
  flushHeaders(this: AnyResponse) {
    gateOf(this).flushHeaders()
  },
}

/** The same for all responses of an application, most of which may be held by nobody; and what a held one shows of itself. */
const createLayer = (prototype: object): object =>
  Object.setPrototypeOf(
    {
      write(this: AnyResponse, ...args: unknown[]) {
        const gate = layeredGate(this)
        return gate ? gate.write(args) : super.write(...args)
      },
      end(this: AnyResponse, ...args: unknown[]) {
        const gate = layeredGate(this)
        return gate ? gate.end(args) : super.end(...args)
      },
      writeHead(this: AnyResponse, ...args: unknown[]) {
        const gate = layeredGate(this)
        return gate ? gate.writeHead(args) : super.writeHead(...args)
      },
      flushHeaders(this: AnyResponse) {
        const gate = layeredGate(this)
        return gate ? gate.flushHeaders() : super.flushHeaders()
      },
      get headersSent() {
        return layeredGate(this as unknown as AnyResponse)?.isShownAsSent || super.headersSent
      },
      get writableEnded() {
        return layeredGate(this as unknown as AnyResponse)?.isShownAsEnded || super.writableEnded
      },
      get writableFinished() {
        return !layeredGate(this as unknown as AnyResponse)?.isShownAsSent && super.writableFinished
      },
      setHeader(this: AnyResponse, ...args: unknown[]) {
        assertOpen(this, 'set')
        return super.setHeader(...args)
      },
      setHeaders(this: AnyResponse, ...args: unknown[]) {
        assertOpen(this, 'set')
        return super.setHeaders(...args)
      },
      appendHeader(this: AnyResponse, ...args: unknown[]) {
        assertOpen(this, 'append')
        return super.appendHeader(...args)
      },
      removeHeader(this: AnyResponse, ...args: unknown[]) {
        assertOpen(this, 'remove')
        return super.removeHeader(...args)
      },
      on(this: AnyResponse, event: string, listener: Listener) {
        return layeredGate(this)?.awaitsDrain('on', event, listener) ? this : super.on(event, listener)
      },
      addListener(this: AnyResponse, event: string, listener: Listener) {
        return layeredGate(this)?.awaitsDrain('addListener', event, listener)
          ? this
          : super.addListener(event, listener)
      },
      once(this: AnyResponse, event: string, listener: Listener) {
        return layeredGate(this)?.awaitsDrain('once', event, listener) ? this : super.once(event, listener)
      },
    },
    prototype,
  )

/** Where layers below have patched the response, the gate is above them, and what they call passes here. */
function layeredGate(res: AnyResponse): Gate | undefined {
  const gate = gates.get(res)
  return gate?.isLayered ? gate : undefined
}

function assertOpen(res: AnyResponse, verb: string): void {
  if (layeredGate(res)?.isShownAsSent) throw headersSentError(verb)
}
