/**
 * Python's `tuple`: an `Array` that is written back as a tuple. `new PyTuple(1, 2)`, or `PyTuple.from(items)` for
 * many. What `map`, `filter` and `slice` make of it is a plain array, which Python reads as a list.
 */
export class PyTuple<T = unknown> extends Array<T> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /** Unlike `Array`'s, a single number is an item and not a length. */
  constructor(...items: T[]) {
    super()
    for (const item of items) this.push(item)
  }
}

/** Python's `frozenset`: a `Set` that is written back as a frozenset, and may be a member of a set or a key of a dict. */
export class PyFrozenSet<T = unknown> extends Set<T> {}

/** `collections.OrderedDict`: a `Map` that is written back as an OrderedDict, whatever its keys. */
export class PyOrderedDict<K = unknown, V = unknown> extends Map<K, V> {}

/** Python's `bytearray`: a `Uint8Array` that is written back as a bytearray; a plain one is `bytes`. */
export class PyByteArray extends Uint8Array<ArrayBuffer> {
  /** As `Uint8Array`'s. */
  constructor(source?: number | ArrayLike<number> | ArrayBufferLike, byteOffset?: number, length?: number) {
    super(source as ArrayBuffer, byteOffset, length)
  }
}
