/**
 * `own`, and beside it all that `target` has, what its classes gave it included, which is done by `target` itself: a copy of its
 * properties would have neither methods of classes nor what these keep to themselves.
 */
export function inFrontOf<T extends object, Own extends object>(
  target: T,
  own: Own,
): Omit<T, keyof Own> & Own {
  const all: PropertyDescriptorMap = {}
  for (let from: object = target; from && from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (name === 'constructor' || Object.hasOwn(all, name)) continue
      const property =
        typeof value === 'function' ? { value: value.bind(target) } : { get: () => target[name as keyof T] }
      all[name] = { ...property, enumerable: true, configurable: true }
    }
  }
  return Object.defineProperties({}, { ...all, ...Object.getOwnPropertyDescriptors(own) }) as Omit<
    T,
    keyof Own
  > &
    Own
}
