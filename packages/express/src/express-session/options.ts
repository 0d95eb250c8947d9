import type { CipherKey } from 'node:crypto'
import { randomFillSync } from 'node:crypto'
import { type SessionOptions as CoreOptions, isTimeout, type SessionStore, timeoutRange } from '@tegata/core'
import depd from 'depd'
import { MemoryStore } from './memory-store.ts'
import type { ConnectStore, SessionRequest } from './types.ts'

/** What express-session does not know of. Durations are in seconds. */
export interface DropInOptions
  extends Pick<CoreOptions, 'idleTimeout' | 'storeTimeout' | 'maxBytes' | 'onEvent'> {
  /** What keys begin with in a Tegata store; connect stores make their own. Default `'sess:'`, as connect-redis has it. */
  prefix?: string
  /**
   * Default `true`: a save never brings an ended session back, nor writes over what another request changed; with a
   * connect store as far as asking it before each write goes. `false`: a save replaces whatever is there.
   */
  conditional?: boolean
  /** Default `true`: a response whose session cannot be saved is an error. `false`: it is sent, and `next` told after it. */
  failUnsaved?: boolean
  /** Default `true`: the response that ends a session takes its cookie back. */
  clearCookie?: boolean
}

/** express-session's options, all of them, with its defaults. */
export interface Options {
  /** Signs the cookie with the first and accepts all; without it `req.secret` of cookie-parser does. */
  secret?: CipherKey | CipherKey[]
  /** A Tegata store, or any store made for express-session. Default a new `MemoryStore`. */
  store?: SessionStore | object
  /** What the cookie is made with, perhaps by request. Default `{ path: '/', httpOnly: true, secure: false, maxAge: null }`. */
  cookie?: object | ((req: never) => object)
  /** Makes ids, each unlike all others. Default 192 random bits. */
  genid?: (req: never) => string
  /** Default `'connect.sid'`. */
  name?: string
  /** The older word for `name`. */
  key?: string
  /** Whether to trust `X-Forwarded-Proto`. Default: Express' own `req.secure`. */
  proxy?: boolean
  /** Default `true`: save at the end of each request what did not change. */
  resave?: boolean
  /** Default `true`: save new sessions that nothing was put in. */
  saveUninitialized?: boolean
  /** Default `false`: set the cookie on every response. */
  rolling?: boolean
  /** What `req.session = null` does to the stored session. Default `'keep'`. */
  unset?: 'destroy' | 'keep'
  tegata?: DropInOptions
}

/** What the code reads. */
export interface Settings {
  secrets: readonly CipherKey[] | undefined
  store: SessionStore | ConnectStore
  cookie: object | ((req: SessionRequest) => object)
  genid(req: SessionRequest): string
  name: string
  proxy: boolean | undefined
  resave: boolean
  saveUninitialized: boolean
  rolling: boolean
  destroyOnUnset: boolean
  tegata: DropInOptions
  conditional: boolean
  failUnsaved: boolean
  clearCookie: boolean
  /** A Secure cookie was not set, as the request does not look secure: every login fails without a trace. */
  reportInsecure(): void
}

type Rule = [isPossible: (value: unknown) => boolean, must: string]

const isPositive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0
const flag: Rule = [(value) => typeof value === 'boolean', 'be true or false']
const duration: Rule = [isPositive, 'be a positive number of seconds']

const ADDITIONS: Record<keyof DropInOptions, Rule> = {
  conditional: flag,
  failUnsaved: flag,
  clearCookie: flag,
  prefix: [(value) => typeof value === 'string', 'be a string'],
  idleTimeout: duration,
  storeTimeout: [isTimeout, `be ${timeoutRange}`],
  maxBytes: [isPositive, 'be a positive number of bytes'],
  onEvent: [(value) => typeof value === 'function', 'be a function'],
}

const ID_BYTES = 24

/** Bytes for many ids at once: asking for them costs more than making an id of them. */
const pool = Buffer.alloc(128 * ID_BYTES)
let taken = pool.length

/** 192 random bits, as 32 characters of base64url. */
export function generateId(): string {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const from = taken
  taken += ID_BYTES
  const id = pool.toString('base64url', from, taken)
  // No id that was handed out stays in memory here.
  pool.fill(0, from, taken)
  return id
}

/** As express-session says them: once per place that calls, unless `NO_DEPRECATION` or Node's `--no-deprecation` silences them. */
const deprecate = depd('express-session')

/** Throws a `TypeError` where express-session does. */
export function resolveOptions(given?: Options | null): Settings {
  const options = given || {}
  // Of these two `null` counts as false.
  const { secret, resave = true, saveUninitialized = true, unset, tegata = {} } = options
  const genid = options.genid || generateId
  if (typeof genid !== 'function') throw new TypeError('genid option must be a function')
  if (unset && unset !== 'destroy' && unset !== 'keep') {
    throw new TypeError('unset option must be "destroy" or "keep"')
  }
  if (Array.isArray(secret) && secret.length === 0) {
    throw new TypeError('secret option array must contain one or more strings')
  }
  if (options.resave === undefined) deprecate('undefined resave option; provide resave option')
  if (options.saveUninitialized === undefined) {
    deprecate('undefined saveUninitialized option; provide saveUninitialized option')
  }
  if (!secret) deprecate('req.secret; provide secret option')
  const unknown = Object.keys(tegata).find((addition) => !Object.hasOwn(ADDITIONS, addition))
  if (unknown !== undefined) throw new TypeError(`Unknown option \`tegata.${unknown}\` of session().`)
  for (const [addition, value] of Object.entries(tegata)) {
    const [isPossible, must] = ADDITIONS[addition as keyof DropInOptions]
    if (value !== undefined && !isPossible(value)) {
      throw new TypeError(`The option \`tegata.${addition}\` of session() must ${must}.`)
    }
  }
  const { conditional = true, failUnsaved = true, clearCookie = true, ...rest } = tegata
  const name = options.name || options.key || 'connect.sid'
  return {
    secrets: secret ? [secret].flat() : undefined,
    store: resolveStore(options.store),
    cookie: (options.cookie || {}) as Settings['cookie'],
    genid: genid as Settings['genid'],
    name,
    proxy: options.proxy,
    resave: Boolean(resave),
    saveUninitialized: Boolean(saveUninitialized),
    rolling: Boolean(options.rolling),
    destroyOnUnset: unset === 'destroy',
    tegata: rest,
    ...{ conditional, failUnsaved, clearCookie },
    reportInsecure: rest.onEvent ? () => rest.onEvent?.({ type: 'insecure-cookie', name }) : warnOnce(name),
  }
}

function warnOnce(name: string): () => void {
  let hasWarned = false
  return () => {
    if (hasWarned) return
    hasWarned = true
    console.warn(
      `Tegata: the cookie '${name}' is Secure and was not set, as the request does not look as if it came over HTTPS. ` +
        'Behind a proxy, tell Express to trust it, or use the option `proxy`.',
    )
  }
}

export const isTegataStore = (store: object): store is SessionStore =>
  'replace' in store && 'rotate' in store && 'supports' in store

function resolveStore(store: object | undefined): SessionStore | ConnectStore {
  if (!store) {
    if (process.env.NODE_ENV === 'production') {
      console.warn('Tegata: the MemoryStore loses every session at a restart, shares none and leaks memory.')
    }
    return new MemoryStore()
  }
  const { get, set } = store as Partial<ConnectStore>
  if (isTegataStore(store) || (typeof get === 'function' && typeof set === 'function')) {
    return store as SessionStore | ConnectStore
  }
  throw new TypeError(
    'The option `store` must be a Tegata store, such as ioredisStore(client), or one made for express-session.',
  )
}
