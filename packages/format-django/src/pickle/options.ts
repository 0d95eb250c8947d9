/** Bounds of a pickle: whatever passes one is a `PickleError` of code `PICKLE_LIMIT` that names the option. */
export interface LoadsOptions {
  /**
   * Which classes may be built. `'stdlib'`: those of Python's standard library that are data (dates and times, Decimal,
   * UUID, OrderedDict and the built-in types). `'django'` adds what a Django site leaves in its own cache: SafeString, the zones
   * of pytz, the marker of django-redis' HerdClient. Anything else is refused.
   *
   * @default 'stdlib'
   */
  classes?: 'stdlib' | 'django'
  /** Length of the pickle, bytes. @default 16_777_216 */
  maxBytes?: number
  /**
   * How many containers may lie within each other; 2000 at most. Within a key of a dict or a member of a set, 100 may.
   * CPython itself pickles about 1000. @default 1000
   */
  maxDepth?: number
  /**
   * How many values the result may hold, counted as by somebody who walks through it: a list that is reached by two ways counts
   * twice, so a small pickle cannot stand for a huge result. 16 characters, or bytes, count as one value more.
   * @default 1_000_000
   */
  maxValues?: number
  /** Highest number of objects the pickle may number for later reference. @default 1_000_000 */
  maxMemo?: number
  /** Length of one str, bytes or bytearray, bytes of the pickle. @default 16_777_216 */
  maxStringBytes?: number
  /** Length of one int, bytes; in text form, twice as many digits. @default 8192 */
  maxIntegerBytes?: number
  /**
   * How many numbers one set may hold, or one dict as keys, and half as many bigints; many small ones may hold more together. Filling a JavaScript
   * Map or Set with numbers chosen by an attacker takes time that grows with the square of this. @default 4096
   */
  maxNumericKeys?: number
}

/** After defaults; nothing optional. */
export type ResolvedLoadsOptions = Required<LoadsOptions>

const defaults: ResolvedLoadsOptions = {
  classes: 'stdlib',
  maxBytes: 16_777_216,
  maxDepth: 1000,
  maxValues: 1_000_000,
  maxMemo: 1_000_000,
  maxStringBytes: 16_777_216,
  maxIntegerBytes: 8192,
  maxNumericKeys: 4096,
}

/** Throws a `TypeError` that names the option at fault. */
export function resolveLoadsOptions(options: LoadsOptions | undefined): ResolvedLoadsOptions {
  if (options === undefined) return defaults
  const { classes, ...bounds } = { ...defaults, ...options }
  if (classes !== 'stdlib' && classes !== 'django') {
    throw new TypeError("`classes` takes 'stdlib' or 'django'.")
  }
  for (const [name, bound] of Object.entries(bounds)) assertBound(name, bound)
  assertBound('maxDepth', bounds.maxDepth, DEEPEST)
  return { classes, ...bounds }
}

export interface DumpsOptions {
  /** How many containers may lie within each other; 2000 at most. @default 1000 */
  maxDepth?: number
}

export function resolveMaxDepth(options: DumpsOptions | undefined): number {
  const { maxDepth = defaults.maxDepth } = options ?? {}
  assertBound('maxDepth', maxDepth, DEEPEST)
  return maxDepth
}

/** What a JavaScript stack surely has room for. */
const DEEPEST = 2000

function assertBound(name: string, bound: unknown, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(bound) || (bound as number) < 0 || (bound as number) > most) {
    throw new TypeError(`\`${name}\` takes an integer from 0 to ${most}.`)
  }
}
