import { PickleError } from './errors.ts'
import { Global } from './globals.ts'
import type { ResolvedLoadsOptions } from './options.ts'
import { PyString } from './scalars.ts'

/** How many values lie within a container, itself included, and how many levels. */
interface Extent {
  values: number
  levels: number
}

const LEAF: Extent = { values: 1, levels: 0 }

/**
 * Refuses a result that holds itself, a class in place of a value, or more than the bounds allow. Each object is looked at once,
 * however often the result refers to it.
 */
export function checkResult(
  result: unknown,
  limits: ResolvedLoadsOptions,
  isMoved: (object: object) => boolean,
): void {
  const extents = new Map<object, Extent | 'open'>()

  const limit = (name: keyof ResolvedLoadsOptions) =>
    new PickleError('PICKLE_LIMIT', `The pickle is larger than \`${name}\` allows.`, { limit: name })

  function extentOf(value: unknown, depth: number): Extent {
    if (typeof value === 'string') return { values: 1 + (value.length >> 4), levels: 0 }
    if (typeof value !== 'object' || value === null) return LEAF
    const known = extents.get(value)
    if (known === 'open') throw new PickleError('PICKLE_CYCLE', 'The pickle holds a value that holds itself.')
    if (known) {
      if (depth + known.levels > limits.maxDepth) throw limit('maxDepth')
      return known
    }
    const parts = partsOf(value)
    if (typeof parts === 'number') return { values: 1 + (parts >> 4), levels: 0 }
    if (parts === undefined) return LEAF
    if (depth >= limits.maxDepth) throw limit('maxDepth')
    extents.set(value, 'open')
    const extent = { values: 1, levels: 1 }
    for (const part of parts) {
      const { values, levels } = extentOf(part, depth + 1)
      extent.values += values
      extent.levels = Math.max(extent.levels, levels + 1)
      if (extent.values > limits.maxValues) throw limit('maxValues')
    }
    extents.set(value, extent)
    return extent
  }

  /** The values in a container; the length of bytes; nothing for other leaves. */
  function partsOf(value: object): Iterable<unknown> | number | undefined {
    if (value instanceof Global) {
      throw new PickleError('PICKLE_REFUSED', `The pickle holds ${value.module}.${value.name} as a value.`, {
        module: value.module,
        className: value.name,
      })
    }
    if (Array.isArray(value)) return value
    if (value instanceof Map) return entriesOf(value)
    if (value instanceof Set) return value
    if (value instanceof Uint8Array) return value.length
    if (value instanceof PyString) return value.toString().length
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
    if (isMoved(value)) {
      throw new PickleError(
        'PICKLE_INVALID',
        'The pickle changes a dict after it has been put into another value.',
      )
    }
    return entriesOf(Object.entries(value))
  }

  extentOf(result, 0)
}

function* entriesOf(entries: Iterable<[unknown, unknown]>): Iterable<unknown> {
  for (const [key, value] of entries) {
    yield key
    yield value
  }
}
