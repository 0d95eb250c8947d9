import { createCipher, type EncryptionOptions } from './cipher.ts'
import type { CookieTransport } from './cookie.ts'
import { cookieTransport } from './cookie.ts'
import type { CookieOptions, ResolvedCookieOptions } from './cookie-options.ts'
import { resolveCookieOptions } from './cookie-options.ts'
import type { SessionFormat } from './format.ts'
import { nativeFormat } from './native-format.ts'

/** Makes the cookies of one side of a migration. */
type MakeTransport = (cookie: ResolvedCookieOptions) => CookieTransport

export interface MigrateOptions {
  /** What is moved from: how those sessions lie, and the cookies that browsers still hold of them. */
  from: {
    format: SessionFormat
    transport?: MakeTransport
    cookie?: CookieOptions
    /** The `encryption` that those sessions were stored with. Default none: that of `createSessions` is for what is moved to. */
    encryption?: EncryptionOptions
  }
  /** What is moved to. Default: the native format, and one cookie as the option `cookie` of `createSessions` describes it. */
  to?: { format?: SessionFormat; transport?: MakeTransport }
}

/**
 * Options for `createSessions` that move each session from one format to another at its first use, under the id that it
 * has. It is moved, never copied: from then on the old key holds nothing, so what still writes there is not seen. Use it once
 * the last server without it is gone, and take it out when those that were moved have run out: their browsers have the old
 * cookie until the new one is set, which `cookie.deadline: 'idle'` with `rolling` does at the first request.
 *
 * Throws a `TypeError` for two formats that share their keys, or one that can only be read.
 */
export function migrate(options: MigrateOptions) {
  const { from, to = {} } = options ?? {}
  if (typeof from?.format?.keyOf !== 'function') {
    throw new TypeError(
      'The option `from.format` of migrate() must be a session format, such as connectRedisFormat().',
    )
  }
  const next = to.format ?? nativeFormat()
  if (from.encryption !== undefined && !from.format.withCipher) {
    throw new TypeError(
      `The option \`from.encryption\` of migrate() needs the native format; '${from.format.name}' stores nothing encrypted.`,
    )
  }
  if (next.keyOf('id') === from.format.keyOf('id')) {
    throw new TypeError('migrate() needs two formats that keep their sessions under different keys.')
  }
  if (from.format.isReadOnly || next.isReadOnly) {
    throw new TypeError(
      'migrate() needs two formats that can be written: it takes from one and puts into the other.',
    )
  }
  const previous = from.encryption ? from.format.withCipher?.(createCipher(from.encryption)) : undefined
  return {
    format: movingFormat(previous ?? from.format, next),
    transport: (cookie: ResolvedCookieOptions): CookieTransport => {
      const before = (from.transport ?? cookieTransport)(resolveCookieOptions(from.cookie ?? {}))
      return bothTransports(before, (to.transport ?? cookieTransport)(cookie), next)
    },
  }
}

function movingFormat(previous: SessionFormat, next: SessionFormat): SessionFormat {
  const { withCipher } = next
  return {
    ...next,
    previous,
    isId: (text) => next.isId(text) || previous.isId(text),
    ...(withCipher && { withCipher: (cipher) => movingFormat(previous, withCipher(cipher)) }),
  }
}

/** Reads both cookies and writes the new one, which takes the old one's place. */
function bothTransports(
  before: CookieTransport,
  next: CookieTransport,
  { isId }: SessionFormat,
): CookieTransport {
  return {
    nameFor: next.nameFor,
    read(header, secure) {
      const text = next.read(header, secure)
      if (text !== undefined && text !== 'malformed' && isId(text)) return text
      return before.read(header, secure) ?? text
    },
    readOther: (header, secure) => before.read(header, secure),
    set: (id, secure, expiresAt, now) => [
      ...(before.nameFor(secure) === next.nameFor(secure) ? [] : before.clear(secure)),
      ...next.set(id, secure, expiresAt, now),
    ],
    clear: (secure) => [
      ...(before.nameFor(secure) === next.nameFor(secure) ? [] : before.clear(secure)),
      ...next.clear(secure),
    ],
  }
}
