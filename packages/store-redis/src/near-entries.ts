import { type RecalledValue, same } from '@tegata/core'
import { LRUCache } from 'lru-cache'

/** What a read brought. */
export interface Brought {
  value: Uint8Array
  /** Epoch ms, as the store told it. */
  expiresAt: number
  /** When it is answered no more, by `performance.now()`: a clock that nobody sets. */
  goodUntil: number
}

/** `made`: what its readers made of it. */
export type NearEntry = Brought & RecalledValue

export interface NearBounds {
  maxEntries: number
  maxBytes: number
}

/** A read that is under way: whether what it brings may be kept is open until it is there. */
export interface Load {
  isVoid: boolean
}

/** What an entry takes beside its key and its value, roughly. */
const OVERHEAD = 600

interface Counted extends NearEntry {
  /** Bytes of what was made of it. */
  taken: number
}

/** Remembered values, bounded, and the reads that may add to them. */
export class NearEntries {
  readonly #entries: LRUCache<string, Counted>
  readonly #loads = new Map<string, Set<Load>>()

  constructor({ maxEntries, maxBytes }: NearBounds) {
    this.#entries = new LRUCache({
      // Its room is made at once: no more than the bytes could fill.
      max: Math.min(maxEntries, Math.ceil(maxBytes / OVERHEAD)),
      maxSize: maxBytes,
      sizeCalculation: ({ value, taken }, key) => value.length + 2 * key.length + OVERHEAD + taken,
    })
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get(key: string): NearEntry | undefined {
    return this.#entries.get(key)
  }

  /** To be called before the read is sent: what is dropped from then on is not brought back by it. */
  beginLoad(key: string): Load {
    const load = { isVoid: false }
    const loads = this.#loads.get(key)
    if (loads) loads.add(load)
    else this.#loads.set(key, new Set([load]))
    return load
  }

  /** Keeps what the read brought, unless the key was dropped meanwhile. */
  endLoad(key: string, load: Load, brought: Brought | undefined): void {
    const loads = this.#loads.get(key)
    if (loads?.delete(load) && loads.size === 0) this.#loads.delete(key)
    if (!brought || load.isVoid) return
    const { value, expiresAt, goodUntil } = brought
    // Member by member: Node 20 gives each copy that is added to a shape of its own, which every read of it would pay for.
    const entry: Counted = {
      value,
      expiresAt,
      goodUntil,
      made: undefined,
      taken: 0,
      takes: (bytes) => this.#count(key, entry, bytes),
    }
    this.#entries.set(key, entry)
  }

  /** One that alone takes more than all may take is dropped. */
  #count(key: string, entry: Counted, bytes: number): void {
    entry.taken += Math.ceil(bytes)
    if (this.#entries.peek(key) !== entry) return
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  drop(key: string): void {
    this.#entries.delete(key)
    this.#voidLoads(key)
  }

  /** What the store holds now: another value is dropped, and what older reads will bring is not kept. */
  confirm(key: string, value: Uint8Array | undefined): void {
    const entry = this.#entries.peek(key)
    if (entry && !same(entry.value, value)) this.#entries.delete(key)
    this.#voidLoads(key)
  }

  #voidLoads(key: string): void {
    for (const load of this.#loads.get(key) ?? []) load.isVoid = true
  }

  dropAll(): void {
    this.#entries.clear()
    for (const loads of this.#loads.values()) for (const load of loads) load.isVoid = true
  }
}
