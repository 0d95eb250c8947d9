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
  /** How many containers may lie within each other. @default 1000 */
  maxDepth?: number
  /**
   * How many values the result may hold, counted as by somebody who walks through it: a list that is reached by two ways counts
   * twice, so a small pickle cannot stand for a huge result. @default 1_000_000
   */
  maxValues?: number
  /** Highest number of objects the pickle may number for later reference. @default 1_000_000 */
  maxMemo?: number
  /** Length of one str, bytes or bytearray, bytes of the pickle. @default 16_777_216 */
  maxStringBytes?: number
  /** Length of one int, bytes; in text form, twice as many digits. @default 8192 */
  maxIntegerBytes?: number
  /**
   * How many members of sets and keys of dicts may be something else than a str, in the whole pickle. V8 hashes numbers in a
   * way that an attacker can foresee, so that their Maps and Sets slow down with the square of this. @default 10_000
   */
  maxHashedValues?: number
}

export interface DumpsOptions {
  /** How many containers may lie within each other. @default 1000 */
  maxDepth?: number
}
