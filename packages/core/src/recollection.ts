import type { DecodedSession, Serialized, SessionData, SessionFormat } from './format.ts'
import type { DataMember } from './json-members.ts'
import { memoryOf, memoryOfText } from './memory-of.ts'
import { copyOfPlain, isPlainData } from './plain-data.ts'
import type { RecalledValue } from './store.ts'

/** Of what is made of every value, its header and this. */
const OVERHEAD = 700
/** Of each member, and the key, text and value that it holds. */
const MEMBER = 200

/**
 * What was made of a value that a memory in front of the store holds, for all requests that find it there: each of them gets data of its
 * own, and what is here is only compared with and read.
 */
export class Recollection {
  readonly #format: SessionFormat
  readonly decoded: DecodedSession
  readonly #found: RecalledValue
  #data: SessionData | undefined
  #isPlain: boolean | undefined
  #members: readonly DataMember[] | undefined | 'unknown' = 'unknown'

  private constructor(format: SessionFormat, decoded: DecodedSession, found: RecalledValue) {
    this.#format = format
    this.decoded = decoded
    this.#found = found
  }

  /** `'ended'` for a mark. Throws a `SessionValueError`. */
  static of(format: SessionFormat, found: RecalledValue, key: string): Recollection | 'ended' {
    const { made } = found
    if (made instanceof Recollection && made.#format === format) return made
    const decoded = format.decode(found.value, key)
    if (decoded === 'ended') return decoded
    const recollection = new Recollection(format, decoded, found)
    found.made = recollection
    found.takes?.(OVERHEAD + memoryOfSerialized(decoded.serialized, found))
    return recollection
  }

  /** Never to be handed out. */
  get data(): SessionData {
    if (!this.#data) {
      this.#data = this.#format.deserialize(this.decoded.serialized)
      this.#found.takes?.(memoryOf(this.#data))
    }
    return this.#data
  }

  /** Data of a request's own. */
  copy(): SessionData {
    this.#isPlain ??= isPlainData(this.data)
    return this.#isPlain ? copyOfPlain(this.data) : this.#format.deserialize(this.decoded.serialized)
  }

  get members(): readonly DataMember[] | undefined {
    if (this.#members === 'unknown') {
      this.#members = this.#format.members?.(this.decoded.serialized)
      if (this.#members) this.#found.takes?.(memoryOfMembers(this.#members))
    }
    return this.#members
  }
}

/** Where it is a part of the value, the memory has counted it. */
function memoryOfSerialized(serialized: Serialized, { value }: RecalledValue): number {
  if (typeof serialized === 'string') return memoryOfText(serialized)
  return serialized.buffer === value.buffer ? 0 : serialized.buffer.byteLength
}

/** Their texts as well: what is long is a part of another text, where it has characters of one byte alone. */
function memoryOfMembers(members: readonly DataMember[]): number {
  let bytes = 0
  for (const { key, text, value } of members) {
    bytes += MEMBER + key.length + memoryOfText(text) + memoryOf(value)
  }
  return bytes
}
