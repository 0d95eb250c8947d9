import {
  type EndMark,
  type EnumerableStore,
  type Expected,
  type IndexEntry,
  type IndexedStore,
  type IndexMember,
  StoreUnavailableError,
  slideOf,
  type WriteOptions,
  type WriteOutcome,
} from '@tegata/core'
import type { Database, Row, Tables } from './database.ts'

export interface TemplateStoreOptions {
  /** The clock that deadlines are given in, epoch ms; the one of `createSessions`. Default `Date.now`. */
  now?: () => number
}

/** Sessions in a database: each verb is one transaction. The application opens and closes the client. */
export function templateStore(
  database: Database,
  options: TemplateStoreOptions = {},
): EnumerableStore & IndexedStore {
  const { now = () => Date.now() } = options

  /** One step, and its failure as the contract has it: what the database says goes into `cause` alone. */
  async function transact<T>(ifLost: WriteOutcome, step: (rows: Rows) => T): Promise<T> {
    try {
      return await database.transaction((tables) => step(new Rows(tables, now())))
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) throw cause
      throw new StoreUnavailableError('The database did not answer for a session.', {
        cause,
        outcome: ifLost,
      })
    }
  }

  return {
    name: 'template',
    supports: { conditional: true, shared: true, enumerate: true, owners: true, watch: false },

    read(key, { extend } = {}) {
      return transact('not-applied', (rows) => {
        const row = rows.find(key)
        if (!row) return null
        const slide = extend && slideOf(row.value, extend.fields)
        if (extend && slide) {
          const target = Math.min(extend.now + slide.idle, slide.until)
          const isDue = target <= extend.now || Math.abs(target - row.expiresAt) >= extend.touchAfter
          if (isDue) rows.put(key, row.value, target)
        }
        const found = rows.find(key)
        return found ? { value: found.value.slice(), expiresAt: found.expiresAt } : null
      })
    },

    create(key, value, expiresAt, { notAfter, index } = {}) {
      return transact('unknown', (rows) => {
        const row = rows.find(key)
        // Its own bytes: this is a second call, as the first one's reply was lost.
        if (row) return isSame(row.value, value)
        rows.refuseAfter(notAfter)
        rows.put(key, value, expiresAt, rows.listing(key, index))
        return true
      })
    },

    replace(key, value, expiresAt, expected, { notAfter, index } = {}) {
      return transact('unknown', (rows) => {
        const row = rows.find(key)
        if (!row) return { outcome: 'gone' }
        if (expected && !meets(row.value, expected)) {
          if (isSame(row.value, value)) return { outcome: 'replaced' }
          return { outcome: 'conflict', value: row.value.slice() }
        }
        rows.refuseAfter(notAfter)
        rows.put(key, value, expiresAt, rows.listing(key, index))
        return { outcome: 'replaced' }
      })
    },

    rotate(oldKey, newKey, value, expiresAt, expected, { mark, notAfter, index } = {}) {
      return transact('unknown', (rows) => {
        const [old, other] = [rows.find(oldKey), rows.find(newKey)]
        const isAlive = old !== undefined && !(mark && beginsWith(old.value, mark.lead))
        const isMoved = other !== undefined && isSame(other.value, value)
        if (!isAlive || (expected && !meets(old.value, expected))) {
          if (isMoved) return { outcome: 'replaced' }
          return isAlive ? { outcome: 'conflict', value: old.value.slice() } : { outcome: 'gone' }
        }
        if (oldKey === newKey || (other && !isMoved)) return { outcome: 'taken' }
        rows.refuseAfter(notAfter)
        rows.put(newKey, value, expiresAt, rows.listing(newKey, index, oldKey))
        rows.end(oldKey, mark)
        return { outcome: 'replaced' }
      })
    },

    touch(key, expiresAt, { notAfter } = {}) {
      return transact('unknown', (rows) => {
        const row = rows.find(key)
        if (!row) return false
        rows.refuseAfter(notAfter)
        rows.put(key, row.value, expiresAt)
        return true
      })
    },

    destroy(key, { mark, notAfter } = {}) {
      return transact('unknown', (rows) => {
        const row = rows.find(key)
        if (!row) return false
        if (mark && beginsWith(row.value, mark.lead)) return isSame(row.value, mark.value)
        rows.refuseAfter(notAfter)
        rows.end(key, mark)
        return true
      })
    },

    members(index) {
      return transact('not-applied', (rows) => rows.members(index))
    },

    removeMembers(index, keys) {
      return transact('unknown', (rows) => rows.unlist(index, keys))
    },

    async *keys(prefix) {
      yield* await transact('not-applied', (rows) => rows.keys(prefix))
    },
  }
}

/** The rows of a transaction at its time. A row whose deadline has passed is not there, whether the database has noticed or not. */
class Rows {
  readonly #tables: Tables
  readonly #rows: Map<string, Row>
  readonly #now: number

  constructor(tables: Tables, now: number) {
    this.#tables = tables
    this.#rows = tables.rows
    this.#now = now
  }

  find(key: string): Row | undefined {
    const row = this.#rows.get(key)
    return row && row.expiresAt > this.#now ? row : undefined
  }

  /** With a deadline that is not in the future it ends the key. */
  put(key: string, value: Uint8Array, expiresAt: number, listed = this.find(key)?.listed): void {
    if (expiresAt > this.#now) this.#rows.set(key, { value: value.slice(), expiresAt, listed })
    else this.#rows.delete(key)
  }

  /** Where a key is listed after a write: with the rank that it has there, or that the old key has, or the next one. */
  listing(key: string, entry: IndexEntry | undefined, oldKey = key): Row['listed'] {
    if (!entry) return this.find(key)?.listed
    const heir = entry.keepsRank ? this.find(oldKey)?.listed : undefined
    const known = [this.find(key)?.listed, heir].find((listed) => listed?.index === entry.key)
    return { index: entry.key, note: entry.note, rank: known?.rank ?? ++this.#tables.sequence }
  }

  members(index: string): IndexMember[] {
    return [...this.#rows.keys()].flatMap((key) => {
      const listed = this.find(key)?.listed
      return listed?.index === index ? [{ key, note: listed.note, rank: listed.rank }] : []
    })
  }

  unlist(index: string, keys: readonly string[]): void {
    for (const key of keys) {
      const row = this.#rows.get(key)
      if (row?.listed?.index === index) this.#rows.set(key, { ...row, listed: undefined })
    }
  }

  end(key: string, mark: EndMark | undefined): void {
    this.#rows.delete(key)
    if (mark) this.put(key, mark.value, mark.expiresAt)
  }

  keys(prefix: string): string[] {
    return [...this.#rows.keys()].filter((key) => key.startsWith(prefix) && this.find(key))
  }

  /** Here, where it would be written: a request that gave up meanwhile was told of a failure. */
  refuseAfter(notAfter: WriteOptions['notAfter']): void {
    if (notAfter !== undefined && this.#now > notAfter) {
      throw new StoreUnavailableError('A write for a session came after its time, and was refused.')
    }
  }
}

const meets = (value: Uint8Array, expected: Expected) =>
  'whole' in expected ? isSame(value, expected.whole) : beginsWith(value, expected.stamp)

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && beginsWith(a, b)

const beginsWith = (value: Uint8Array, lead: Uint8Array) =>
  value.length >= lead.length && lead.every((byte, i) => byte === value[i])
