import { fromUtf8, utf8 } from './bytes.ts'
import type { Cipher } from './cipher.ts'
import { SessionValueError } from './errors.ts'
import type { DecodedSession, SessionFormat, SessionHeader } from './format.ts'
import { hashId } from './handle.ts'
import { createId, ID_PATTERN } from './id.ts'
import { assertStorable, parseData, stringifyData } from './json.ts'
import { membersOf } from './json-members.ts'
import * as head from './native-head.ts'

/** How long a mark stays where a session ended: longer than any request that still holds its cookie should take. */
const MARK_MS = 60_000
/** SHA-256 cut to 216 bits; with the default prefix 43 bytes, where Redis' memory for a key steps up. */
const HASH_LENGTH = 36

export interface NativeFormatOptions {
  /** What every key begins with. Default `'tegata:'`. */
  prefix?: string
  /** Top-level keys of the data that say whose session it is. Default `['passport']`. */
  identityKeys?: readonly string[]
}

/**
 * Tegata's own format: readable JSON, `["<head>",{…data}]`, under `<prefix><hash of the id>`, so that who reads
 * Redis learns no usable cookie.
 */
export function nativeFormat(options: NativeFormatOptions = {}): SessionFormat {
  const unknown = Object.keys(options).find((name) => !['prefix', 'identityKeys'].includes(name))
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of nativeFormat().`)
  return createNativeFormat(options)
}

/** With a cipher the details and the data are sealed together, bound to the key and to the head before them. */
export function createNativeFormat(options: NativeFormatOptions, cipher?: Cipher): SessionFormat {
  const { prefix = 'tegata:', identityKeys = ['passport'] } = options
  if (typeof prefix !== 'string')
    throw new TypeError('The option `prefix` of nativeFormat() must be a string.')

  return {
    name: 'native',
    prefix,
    identityKeys,
    slideFields: head.slideFields,
    createId,
    isId: (text) => ID_PATTERN.test(text),
    keyOf: (id) => prefix + hashId(id).slice(0, HASH_LENGTH),
    serialize: stringifyData,
    deserialize: (serialized) => parseData(serialized as string),
    members: (serialized) => membersOf(serialized as string),
    assertStorable,
    withCipher: (added) => createNativeFormat(options, added),

    encode(header, serialized, key, random) {
      const start = head.writeHead(head.writeStamp(header.writtenAt, random), header)
      const details = head.writeDetails(header)
      if (cipher) {
        const sealed = cipher.seal(utf8(`${details}\n${serialized}`), utf8(`${key}\n${start}`), random)
        return utf8(`["${start}","${sealed}"]`)
      }
      return utf8(`["${start}${details && ` ${details}`}",${serialized}]`)
    },

    decode(value, key) {
      const text = textOf(value)
      const end = endOfHead(text)
      const found = text.slice(OPENING.length, end)
      const header = head.readHead(found)
      if (!header) throw notNative()
      if (text.startsWith(head.ENDED, OPENING.length)) return 'ended'
      const rest = text.slice(end + 2, -1)
      if (!cipher) return decoded(header, head.detailsOf(found), rest)
      const sealed = /^"([\w.-]+)"$/.exec(rest)?.[1]
      if (sealed === undefined) throw new SessionValueError('The stored session is not encrypted.')
      const start = found.slice(0, head.HEAD_LENGTH)
      const [details = '', ...data] = fromUtf8(cipher.open(sealed, utf8(`${key}\n${start}`))).split('\n')
      return decoded(header, details, data.join('\n'))
    },

    expected: (value) => ({ stamp: value.slice(0, head.STAMP_END) }),

    endMark(now, random) {
      const expiresAt = now + MARK_MS
      const header = { createdAt: now, writtenAt: now, idle: MARK_MS / 1000, until: expiresAt }
      const text = head.writeHead(head.writeEndStamp(random), header)
      return { value: utf8(`["${text}","ended"]`), expiresAt, lead: utf8(`["${head.ENDED}`) }
    },
  }
}

/** `["<head>",<data>]` */
const OPENING = '["'

function textOf(value: Uint8Array): string {
  try {
    return fromUtf8(value)
  } catch (cause) {
    throw new SessionValueError('The stored session is not UTF-8 text.', { cause })
  }
}

/** Where the head's quote closes. Throws where there is none. */
function endOfHead(text: string): number {
  const end = text.startsWith(OPENING) && text.endsWith(']') ? text.indexOf('",', OPENING.length) : -1
  if (end < 0) throw notNative()
  return end
}

const notNative = () => new SessionValueError('The stored session is not in the native format.')

function decoded(header: SessionHeader, details: string, serialized: string): DecodedSession {
  head.readDetails(details, header)
  if (!serialized.startsWith('{') || !serialized.endsWith('}')) throw notNative()
  return { header, serialized }
}
