/**
 * What the `app.request`, or `app.response`, of every application inherits from, one that is called by a handler of another one
 * included: each copy of Express has one. `undefined` for a message that is not Express'.
 */
export function sharedPrototype(message: object): object | undefined {
  let at = Object.getPrototypeOf(message)
  if (!Object.hasOwn(at, 'app')) return undefined
  while (Object.hasOwn(at, 'app')) at = Object.getPrototypeOf(at)
  return at
}
