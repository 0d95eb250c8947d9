import { isTimeout, type SessionListener, timeoutRange } from '@tegata/core'

export interface BridgeOptions {
  /** What every key begins with. Default that of the library's usual store: `'sess:'`, or nothing for koa-session. */
  prefix?: string
  /** Seconds that a session lives if it does not say so itself. Default 86,400 (a day). */
  ttl?: number
  /** Seconds that a call may take before it fails. Default 5. */
  storeTimeout?: number
  /** Top-level keys of the data that say whose session it is: merging never crosses a change of one. Default `['passport']`. */
  identityKeys?: readonly string[]
  /** Called with events for `interrupted` and `overwritten` saves, which these libraries cannot report. Default: none. */
  onEvent?: SessionListener
}

const defaults: Required<BridgeOptions> = {
  prefix: 'sess:',
  ttl: 86_400,
  storeTimeout: 5,
  identityKeys: ['passport'],
  onEvent: () => {},
}

/** Throws a `TypeError` naming the option that is unknown or impossible. */
export function resolveOptions(options: BridgeOptions, own: Partial<BridgeOptions> = {}) {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(defaults, name))
  if (unknown !== undefined) throw new TypeError(`Unknown option \`${unknown}\` of a bridge.`)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved: Required<BridgeOptions> = { ...defaults, ...own, ...given }
  const { prefix, ttl, storeTimeout, identityKeys, onEvent } = resolved
  assert('prefix', typeof prefix === 'string', 'be a string')
  assert('ttl', isDuration(ttl), 'be a positive number of seconds')
  assert('storeTimeout', isTimeout(storeTimeout), `be ${timeoutRange}`)
  assert('identityKeys', isStrings(identityKeys), 'be an array of strings')
  assert('onEvent', typeof onEvent === 'function', 'be a function')
  return resolved
}

export function assert(name: string, ok: boolean, must: string): void {
  if (!ok) throw new TypeError(`The option \`${name}\` of a bridge must ${must}.`)
}

const isDuration = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0
const isStrings = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
