import { type EnumerableStore, type Expected, SessionValueError } from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { bytes } from './reply.ts'
import { scanKeys } from './scan-keys.ts'
import { type ScriptReply, scriptRunner } from './script-runner.ts'
import { hasCode, storeFailure } from './store-failure.ts'

export interface RedisStoreOptions {
  /** The clock that deadlines are given in, epoch ms; the one of `createSessions`. Default `Date.now`. */
  now?: () => number
}

/**
 * Sessions in Redis 6.2 or newer, or Valkey: each verb is atomic, and one round trip. Deadlines are sent as time left, so that
 * Redis' clock and ours need not agree.
 */
export function redisStore(commands: RedisCommands, options: RedisStoreOptions = {}): EnumerableStore {
  const { now = () => Date.now() } = options
  const run = scriptRunner(commands, now)

  /** Milliseconds left, as the scripts take them. */
  function left(expiresAt: number): string {
    const ms = Math.ceil(expiresAt - now())
    if (ms <= 0) return '0'
    return ms <= Number.MAX_SAFE_INTEGER ? String(ms) : ''
  }

  return {
    name: 'redis',
    supports: { conditional: true, shared: true, enumerate: true, owners: false, watch: false },

    async read(key, { extend } = {}) {
      if (extend) {
        const { fields, touchAfter } = extend
        const positions = [...fields.idle, ...fields.until].map(String)
        const args = [String(extend.now), String(touchAfter), ...positions]
        const [outcome, value, ms] = await run('readExtending', { keys: [key], args, ifLost: 'not-applied' })
        if (outcome === 'gone') return null
        if (outcome === 'invalid') return notAString()
        const expiresAt = Number(ms) < 0 ? Number.POSITIVE_INFINITY : extend.now + Number(ms)
        return { value: bytes(value), expiresAt }
      }
      try {
        const reply = await commands.send(key, ['GET', key])
        return reply === null ? null : { value: bytes(reply) }
      } catch (cause) {
        if (commands.isErrorReply(cause) && hasCode(cause, 'WRONGTYPE')) return notAString(cause)
        throw storeFailure(commands, cause, 'not-applied')
      }
    },

    async create(key, value, expiresAt, { notAfter } = {}) {
      const deadline = left(expiresAt)
      if (deadline === '0') return true
      const args = [value, deadline]
      const [outcome] = await run('create', { keys: [key], args, notAfter, ifLost: 'unknown' })
      return outcome === 'done'
    },

    async replace(key, value, expiresAt, expected, { notAfter } = {}) {
      const args = [value, left(expiresAt), ...expectation(expected)]
      const reply = await run('replace', { keys: [key], args, notAfter, ifLost: 'unknown' })
      return replaceOutcome(reply)
    },

    async rotate(oldKey, newKey, value, expiresAt, expected, { notAfter, mark } = {}) {
      const marking = mark ? [mark.value, left(mark.expiresAt), mark.lead] : ['', '', '']
      const args = [value, left(expiresAt), ...expectation(expected), ...marking]
      const reply = await run('rotate', { keys: [oldKey, newKey], args, notAfter, ifLost: 'unknown' })
      return reply[0] === 'taken' ? { outcome: 'taken' } : replaceOutcome(reply)
    },

    async touch(key, expiresAt, { notAfter } = {}) {
      const args = [left(expiresAt)]
      const [outcome] = await run('touch', { keys: [key], args, notAfter, ifLost: 'unknown' })
      return outcome === 'invalid' ? notAString() : outcome === 'done'
    },

    async destroy(key, { notAfter, mark } = {}) {
      if (mark || notAfter !== undefined) {
        const args = mark ? [mark.value, left(mark.expiresAt), mark.lead] : ['', '', '']
        const [outcome] = await run('destroy', { keys: [key], args, notAfter, ifLost: 'unknown' })
        return outcome === 'done'
      }
      try {
        return Number(await commands.send(key, ['UNLINK', key])) > 0
      } catch (cause) {
        throw storeFailure(commands, cause, 'unknown')
      }
    },

    keys: (prefix) => scanKeys(commands, prefix),
  }
}

function expectation(expected: Expected | undefined): [form: string, bytes: string | Uint8Array] {
  if (!expected) return ['any', '']
  return 'whole' in expected ? ['whole', expected.whole] : ['stamp', expected.stamp]
}

function replaceOutcome([outcome, value]: ScriptReply) {
  if (outcome === 'invalid') return notAString()
  if (outcome === 'conflict') return { outcome, value: bytes(value) } as const
  return { outcome: outcome as 'replaced' | 'gone' }
}

const notAString = (cause?: unknown) =>
  new SessionValueError('Redis holds something other than a session under this key.', { cause })
