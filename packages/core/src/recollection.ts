import type { DecodedSession, SessionData, SessionFormat } from './format.ts'
import type { DataMember } from './json-members.ts'
import { copyOfPlain, isPlainData } from './plain-data.ts'
import type { RecalledValue } from './store.ts'

/**
 * What was made of a value that a memory in front of the store holds, for all requests that find it there: each of them gets data of its
 * own, and what is here is only compared with and read.
 */
export class Recollection {
  readonly #format: SessionFormat
  readonly decoded: DecodedSession
  #data: SessionData | undefined
  #isPlain: boolean | undefined
  #members: readonly DataMember[] | undefined | 'unknown' = 'unknown'

  private constructor(format: SessionFormat, decoded: DecodedSession) {
    this.#format = format
    this.decoded = decoded
  }

  /** `'ended'` for a mark. Throws a `SessionValueError`. */
  static of(format: SessionFormat, found: RecalledValue, key: string): Recollection | 'ended' {
    const { made } = found
    if (made instanceof Recollection && made.#format === format) return made
    const decoded = format.decode(found.value, key)
    if (decoded === 'ended') return decoded
    const recollection = new Recollection(format, decoded)
    found.made = recollection
    return recollection
  }

  /** Never to be handed out. */
  get data(): SessionData {
    this.#data ??= this.#format.deserialize(this.decoded.serialized)
    return this.#data
  }

  /** Data of a request's own. */
  copy(): SessionData {
    this.#isPlain ??= isPlainData(this.data)
    return this.#isPlain ? copyOfPlain(this.data) : this.#format.deserialize(this.decoded.serialized)
  }

  get members(): readonly DataMember[] | undefined {
    if (this.#members === 'unknown') this.#members = this.#format.members?.(this.decoded.serialized)
    return this.#members
  }
}
