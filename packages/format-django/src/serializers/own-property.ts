/** Sets a key of data that anyone may have written: `__proto__` is a key like any other. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Entries of what Python writes as a dict: an object literal, a Map. `undefined` for anything else. */
export function entriesOf(value: object): [unknown, unknown][] | undefined {
  if (value instanceof Map) return [...value]
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  return Object.entries(value).filter(([, member]) => member !== undefined)
}
