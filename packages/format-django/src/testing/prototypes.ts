const watched = [Object, Array, Function, Map, Set, Uint8Array, String, Number, Error, Date]

/** What hangs on the prototypes and constructors of the language: a flat list of names and values. */
export const prototypes = (): readonly unknown[] =>
  watched.flatMap((type) =>
    [type, type.prototype].flatMap((object) =>
      Object.entries(Object.getOwnPropertyDescriptors(object)).flatMap(([key, { value, get, set }]) => [
        key,
        value,
        get,
        set,
      ]),
    ),
  )

/** Whether nothing has been added, taken away or replaced since. */
export function areUntouched(before: readonly unknown[]): boolean {
  const now = prototypes()
  return now.length === before.length && now.every((item, i) => Object.is(item, before[i]))
}
