import { fromUtf8, type SessionData, SessionDataError, SessionValueError, stringifyData } from '@tegata/core'

/** A stored value as text. Throws a `SessionValueError`. */
export function textOf(value: Uint8Array): string {
  try {
    return fromUtf8(value)
  } catch (cause) {
    throw new SessionValueError('The stored session is not UTF-8 text.', { cause })
  }
}

/** The text of an object as members of another one: what stands between its braces, with a comma before it. */
export function innerText(object: string): string {
  return object === '{}' ? '' : `,${object.slice(1, -1)}`
}

/** JSON that leaves out none of the keys that the value needs for itself. Throws a `SessionDataError`. */
export function stringifyBeside(data: SessionData, reserved: readonly string[]): string {
  for (const key of reserved) {
    if (Object.hasOwn(data, key)) {
      throw new SessionDataError(
        `Session data at ${JSON.stringify(key)} is in the way of what the format keeps there.`,
      )
    }
  }
  return stringifyData(data)
}

/** Data without what a hostile value may have hidden in it under a reserved key. */
export function without(data: SessionData, reserved: readonly string[]): SessionData {
  for (const key of reserved) if (Object.hasOwn(data, key)) delete data[key]
  return data
}
