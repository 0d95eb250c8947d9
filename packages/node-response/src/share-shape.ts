import { versions } from 'node:process'

/** V8 before 13, that is Node.js 20, 22 and 23. Bun has another engine, and names a V8 all the same. */
const splitsShapes = Number.parseInt(versions.v8, 10) < 13 && !('bun' in versions)

const MARK = Symbol('mark')
const descriptor = { configurable: true }

/**
 * Has a request or response share its shape (V8's hidden class) with others of its kind. A framework that gives it another prototype,
 * as Express does, has it lose that on Node.js before 24: each member that is added from then on makes a shape
 * of its own, and whoever looks for a member looks anew, which takes a microsecond each time. An object that has lost a member is
 * kept as a table, and tables with the same prototype have one shape. Changes nothing else.
 */
export function shareShape(message: object): void {
  // Where the shape is shared still, V8 takes both steps back.
  if (splitsShapes && Reflect.defineProperty(message, MARK, descriptor)) Reflect.deleteProperty(message, MARK)
}
