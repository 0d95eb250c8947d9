import { PickleError } from './errors.ts'
import { isSimpleKey, KeyNames } from './key-names.ts'
import { PyFloat } from './scalars.ts'

/** What a step past a bigint costs, in steps past numbers; measured. */
const BIGINT = 4

/**
 * Fills Maps and Sets by Python's idea of equal keys, within a bounded time.
 *
 * V8 hashes strings and objects with a secret, but numbers and bigints in a way that anybody can foresee: `n` of them that
 * collide cost `n²/2` steps, and a step past a bigint takes longer. Steps are counted as if all did, and those of one pickle are bounded by what `maxNumericKeys`
 * in one collection may cost.
 */
export class Hasher {
  readonly #names = new KeyNames()
  readonly #maxSteps: number
  /** By collection: the key that has a name. Only for collections that hold a key that is not simple. */
  readonly #indexes = new Map<object, Map<unknown, unknown>>()
  #steps = 0

  constructor(maxNumericKeys: number) {
    this.#maxSteps = (maxNumericKeys * maxNumericKeys) / 2
  }

  /** `map[key] = value`: of equal keys the first one stays, with the value of the last. Throws an `UnhashableError`. */
  put(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
    map.set(this.#keyFor(map, key), value)
  }

  /** `set.add(member)`: of equal members the first one stays. Throws an `UnhashableError`. */
  add(set: Set<unknown>, member: unknown): void {
    set.add(this.#keyFor(set, member))
  }

  #keyFor(collection: Map<unknown, unknown> | Set<unknown>, key: unknown): unknown {
    if (typeof key === 'number' || typeof key === 'bigint') {
      this.#steps += collection.size * (typeof key === 'bigint' ? BIGINT : 1)
      if (this.#steps > this.#maxSteps) {
        throw new PickleError('PICKLE_LIMIT', 'Too many numbers as members of sets or keys of dicts.', {
          limit: 'maxNumericKeys',
        })
      }
    }
    const index = this.#indexes.get(collection)
    if (index === undefined && isSimpleKey(key)) return key
    const keys = index ?? this.#index(collection)
    const name = this.#names.nameOf(key)
    if (keys.has(name)) return keys.get(name)
    const stored = distinct(collection, key)
    keys.set(name, stored)
    return stored
  }

  #index(collection: Map<unknown, unknown> | Set<unknown>): Map<unknown, unknown> {
    const keys = new Map<unknown, unknown>()
    for (const key of collection.keys()) keys.set(this.#names.nameOf(key), key)
    this.#indexes.set(collection, keys)
    return keys
  }
}

/** JavaScript's collections turn `-0` into `0` and hold one `NaN`; as objects, such floats keep what they are. */
function distinct(collection: Map<unknown, unknown> | Set<unknown>, key: unknown): unknown {
  return Object.is(key, -0) || (Number.isNaN(key) && collection.has(key)) ? new PyFloat(key as number) : key
}
