import type { StandardSchemaV1 } from '@standard-schema/spec'
import { createCipher, type EncryptionOptions } from './cipher.ts'
import { type CookieTransport, cookieTransport } from './cookie.ts'
import {
  type CookieOptions,
  cookieDefaults,
  type ResolvedCookieOptions,
  resolveCookieOptions,
} from './cookie-options.ts'
import type { SessionListener } from './events.ts'
import type { SessionFormat } from './format.ts'
import { randomBytes } from './id.ts'
import type { KeyConflict } from './merge.ts'
import { nativeFormat } from './native-format.ts'
import { assertOwners } from './owner-index.ts'
import type { SessionStore } from './store.ts'
import { isTimeout, timeoutRange } from './timeout.ts'

/** The options of `createSessions`. Durations are in seconds. */
export interface SessionOptions<Data extends object = Record<string, unknown>> {
  /** Where sessions are stored. Required. */
  store: SessionStore
  /** How they are keyed and encoded there. Default `nativeFormat({ prefix: 'tegata:' })`. */
  format?: SessionFormat
  /** Seconds without use after which a session ends. Default 86,400 (a day). */
  idleTimeout?: number
  /** Seconds after creation, or after the last `authenticate`, at which it ends in any case. Default 30 days; `false` for none. */
  absoluteTimeout?: number | false
  /** Default `false`: the idle deadline moves at writes. `true`: at every request that loads the session, in the same command. */
  rolling?: boolean
  /** With `rolling`, do not move a deadline that would move by less than this many seconds, or half of the idle time. Default 0. */
  touchAfter?: number
  /** How the id travels; secure as it stands. */
  cookie?: CookieOptions
  /** Reads and writes cookies as another library does, by the options `cookie`. Default: one cookie, as `cookie` describes it. */
  transport?: (cookie: ResolvedCookieOptions) => CookieTransport
  /** Seconds that one load, or one commit with all its retries, may take. Default 5. */
  storeTimeout?: number
  /** What a load that fails means: an error (503), or an anonymous session that cannot be saved. Default `'fail'`. */
  onStoreError?: 'fail' | 'anonymous'
  /** A stored value that cannot be read: an error where its data is used, or a new session beside it. Default `'fail'`. */
  onInvalid?: 'fail' | 'discard'
  /**
   * A key changed by two requests: `'merge'`, the later commit wins; `'fail'`, it gets a `SessionConflictError`; or a
   * function that answers the value to keep. Default `'merge'`.
   */
  onConflict?: 'merge' | 'fail' | ((conflict: KeyConflict) => unknown)
  /** Top-level keys of the data that say whose session it is: merging never crosses a change of one. Default the format's. */
  identityKeys?: readonly string[]
  /** Types and validates `data`, at loads and before writes: any Standard Schema (zod, valibot, arktype). */
  schema?: StandardSchemaV1<unknown, Data>
  /** The largest value stored or read, in bytes. Default 1,048,576. */
  maxBytes?: number
  /**
   * How many sessions an owner may have; the oldest login gives way to a new one, and an event reports it. Needs a store
   * that `supports.owners`. Default: any number.
   */
  maxSessionsPerOwner?: number
  /** Encrypts what is stored with AES-256-GCM. Default none. */
  encryption?: EncryptionOptions
  /** Called at once with each event, for logs and metrics; what it throws is printed. Default: one warning, of `insecure-cookie`. */
  onEvent?: SessionListener
  /** Epoch ms. Give the store the same clock. Default `Date.now`. */
  now?: () => number
  /** A CSPRNG. Default the runtime's `crypto.getRandomValues`. */
  random?: (bytes: number) => Uint8Array
}

/** What the code reads: nothing optional but what may be absent. */
export interface ResolvedSessionOptions {
  store: SessionStore
  format: SessionFormat
  idleTimeout: number
  absoluteTimeout: number | false
  rolling: boolean
  touchAfter: number
  cookie: ResolvedCookieOptions
  transport: CookieTransport
  storeTimeout: number
  onStoreError: 'fail' | 'anonymous'
  onInvalid: 'fail' | 'discard'
  onConflict: 'merge' | 'fail' | ((conflict: KeyConflict) => unknown)
  identityKeys: readonly string[]
  schema: StandardSchemaV1 | undefined
  maxBytes: number
  maxSessionsPerOwner: number | undefined
  onEvent: SessionListener | undefined
  now: () => number
  random: (bytes: number) => Uint8Array
}

const DAY = 86_400

export const defaults = {
  idleTimeout: DAY,
  absoluteTimeout: 30 * DAY,
  rolling: false,
  touchAfter: 0,
  cookie: cookieDefaults,
  storeTimeout: 5,
  onStoreError: 'fail',
  onInvalid: 'fail',
  onConflict: 'merge',
  maxBytes: 1_048_576,
  now: () => Date.now(),
  random: randomBytes,
} as const satisfies Partial<ResolvedSessionOptions>

const OPTIONS = [
  ...Object.keys(defaults),
  'store',
  'transport',
  'format',
  'identityKeys',
  'schema',
  'encryption',
  'maxSessionsPerOwner',
  'onEvent',
]

export function resolveOptions<Data extends object>(options: SessionOptions<Data>): ResolvedSessionOptions {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of createSessions().`)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const { encryption, format: plain = nativeFormat(), ...rest } = given as Partial<SessionOptions<Data>>
  const format = encrypted(plain, encryption)
  const cookie = resolveCookieOptions(options.cookie ?? {})
  const { transport = cookieTransport } = options
  if (typeof transport !== 'function') {
    throw new TypeError(
      'The option `transport` of createSessions() must be a function that makes a transport.',
    )
  }
  const resolved = {
    identityKeys: format?.identityKeys,
    schema: undefined,
    maxSessionsPerOwner: undefined,
    ...defaults,
    ...rest,
    format,
    cookie,
    transport: transport(cookie),
  } as ResolvedSessionOptions
  check(resolved)
  return resolved
}

function encrypted(format: SessionFormat, encryption: EncryptionOptions | undefined): SessionFormat {
  if (encryption === undefined) return format
  if (!format?.withCipher) {
    throw new TypeError(
      `The option \`encryption\` needs the native format; others must be able to read '${format?.name}'.`,
    )
  }
  return format.withCipher(createCipher(encryption))
}

function check(options: ResolvedSessionOptions): void {
  const rules: [name: keyof ResolvedSessionOptions, ok: boolean, must: string][] = [
    ['store', isStore(options.store), 'be a session store, such as memoryStore() or ioredisStore(client)'],
    ['format', typeof options.format?.decode === 'function', 'be a session format, such as nativeFormat()'],
    ['idleTimeout', isDuration(options.idleTimeout), 'be a positive number of seconds'],
    [
      'absoluteTimeout',
      options.absoluteTimeout === false || isDuration(options.absoluteTimeout),
      'be a positive number of seconds, or false',
    ],
    ['rolling', typeof options.rolling === 'boolean', 'be true or false'],
    [
      'touchAfter',
      options.touchAfter === 0 || isDuration(options.touchAfter),
      'be a number of seconds, 0 or more',
    ],
    ['storeTimeout', isTimeout(options.storeTimeout), `be ${timeoutRange}`],
    ['onStoreError', ['fail', 'anonymous'].includes(options.onStoreError), "be 'fail' or 'anonymous'"],
    ['onInvalid', ['fail', 'discard'].includes(options.onInvalid), "be 'fail' or 'discard'"],
    [
      'onConflict',
      typeof options.onConflict === 'function' || ['merge', 'fail'].includes(options.onConflict),
      "be 'merge', 'fail' or a function",
    ],
    ['identityKeys', isStrings(options.identityKeys), 'be an array of strings'],
    [
      'schema',
      options.schema === undefined || typeof options.schema?.['~standard']?.validate === 'function',
      'be a Standard Schema, such as one of zod, valibot or arktype',
    ],
    ['maxBytes', isDuration(options.maxBytes), 'be a positive number of bytes'],
    [
      'maxSessionsPerOwner',
      options.maxSessionsPerOwner === undefined || isCount(options.maxSessionsPerOwner),
      'be a whole number of sessions, 1 or more',
    ],
    ['onEvent', options.onEvent === undefined || typeof options.onEvent === 'function', 'be a function'],
    ['now', typeof options.now === 'function', 'be a function that answers epoch milliseconds'],
    ['random', typeof options.random === 'function', 'be a function that answers that many random bytes'],
  ]
  for (const [name, ok, must] of rules) {
    if (!ok) throw new TypeError(`The option \`${name}\` of createSessions() must ${must}.`)
  }
  if (options.maxSessionsPerOwner !== undefined) {
    assertOwners(options, 'The option `maxSessionsPerOwner` of createSessions()')
  }
}

const STORE_VERBS = ['read', 'create', 'replace', 'rotate', 'touch', 'destroy'] as const

const isStore = (store: SessionStore | undefined) =>
  STORE_VERBS.every((verb) => typeof store?.[verb] === 'function')
const isDuration = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0
const isStrings = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
