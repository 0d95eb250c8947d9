import { bytesToHex, randomBytes } from '@noble/hashes/utils.js'
import {
  type EndMark,
  type RotateOutcome,
  type SessionStore,
  type SessionValueError,
  StoreUnavailableError,
} from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { expectation, replaceOutcome } from './replace-outcome.ts'
import { text } from './reply.ts'
import type { Left, RunScript } from './script-runner.ts'
import type { SessionIndex } from './session-index.ts'
import { sha1Hex } from './sha1.ts'

/** Milliseconds; longer than any request retries. */
const RECEIPT_LIFE = '60000'

type Rotate = SessionStore['rotate']

/** What an ended key leaves behind, as scripts take it. */
export const marking = (mark: EndMark | undefined, left: Left) =>
  mark ? [mark.value, left(mark.expiresAt), mark.lead] : ['', '', '']

/** Both keys on one server: one step. */
export function rotateInOneStep(run: RunScript, left: Left, index: SessionIndex): Rotate {
  return async (oldKey, newKey, value, expiresAt, expected, { notAfter, mark, index: entry } = {}) => {
    const beside = index.beside(entry)
    const args = [value, left(expiresAt), ...expectation(expected), ...marking(mark, left), ...beside.args]
    const keys = [oldKey, newKey, ...beside.keys] as const
    const reply = await run('rotate', { keys, args, notAfter, ifLost: 'unknown' })
    return reply[0] === 'taken' ? { outcome: 'taken' } : replaceOutcome(reply)
  }
}

/**
 * Two slots of a Cluster: the new key is made and entered into its index, then the old one ended if it still holds what is expected, else the new one is taken
 * back. Nobody knows the new id before the end, so nobody can use it; a crash in between leaves it until its deadline. Where the id is
 * known, as that of a session which is moved from another format, the new key is entered before it is made, too: whoever reads the index
 * in between takes it for gone, and out.
 */
export function rotateInTwoSteps(
  run: RunScript,
  left: Left,
  index: SessionIndex,
  { keyPrefix = '' }: RedisCommands,
): Rotate {
  const inOneStep = rotateInOneStep(run, left, index)

  return async (oldKey, newKey, value, expiresAt, expected, options = {}) => {
    if (oldKey === newKey) return inOneStep(oldKey, newKey, value, expiresAt, expected, options)
    const { notAfter, mark, index: entry } = options
    const deadline = left(expiresAt)
    let isMadeNow = false
    if (deadline !== '0') {
      if (entry?.isKnown) await index.enter(entry, newKey)
      const args = [value, deadline]
      const [outcome, made] = await run('create', { keys: [newKey], args, notAfter, ifLost: 'unknown' })
      if (outcome === 'taken') return { outcome }
      isMadeNow = text(made) === 'made'
      try {
        // While the old key lives: who ends all sessions of an owner finds it gone only when the new one can be found.
        await index.enter(entry, newKey, oldKey)
      } catch (error) {
        await takeBack(run, error, newKey, value, isMadeNow)
        throw error
      }
    }

    const receipt = mark ? undefined : receiptKey(keyPrefix, oldKey)
    const keys = receipt === undefined ? ([oldKey] as const) : ([oldKey, receipt] as const)
    const said = [`${newKey} ${sha1Hex(value)} `, bytesToHex(randomBytes(8)), RECEIPT_LIFE]
    const args = [...expectation(expected), ...marking(mark, left), ...said]
    let answer: RotateOutcome | SessionValueError
    try {
      const reply = await run('leave', { keys, args, notAfter, ifLost: 'unknown' })
      if (reply[0] !== 'before') answer = replaceOutcome(reply)
      // An earlier call has moved the session, and where its new key is not there any more somebody ended it.
      else answer = { outcome: isMadeNow ? 'gone' : 'replaced' }
    } catch (error) {
      // Where the reply was lost, to this call or to an earlier one, the old key may have gone: the same call, made again, finds out.
      await takeBack(run, error, newKey, value, isMadeNow)
      throw error
    }
    if (answer instanceof Error) {
      await undo(run, newKey, value)
      return answer
    }
    if (answer.outcome !== 'replaced') {
      await undo(run, newKey, value)
      return entry ? { ...answer, isSpent: true } : answer
    }
    index.dropLater(entry, oldKey)
    return answer
  }
}

const undo = (run: RunScript, key: string, value: Uint8Array) =>
  run('undo', { keys: [key], args: [value], ifLost: 'unknown' })

/** Of two steps the second was refused: nothing is left of the first. */
export async function takeBack(
  run: RunScript,
  error: unknown,
  key: string,
  value: Uint8Array,
  isMadeNow: boolean,
): Promise<void> {
  const isRefused = error instanceof StoreUnavailableError && error.outcome === 'not-applied'
  if (!isRefused || !isMadeNow) return
  try {
    await undo(run, key, value)
  } catch (cause) {
    // The same call, made again, finds what is left of it.
    throw new StoreUnavailableError(
      'Of a write for a session a part was refused, and the rest not taken back.',
      {
        cause,
        outcome: 'unknown',
      },
    )
  }
}

/**
 * A key in the slot of another, and outside its prefix; `undefined` for keys with odd braces, which no hash tag can stand for.
 * Rule: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
function receiptKey(keyPrefix: string, key: string): string | undefined {
  const full = keyPrefix + key
  if (/^[^{]*\{[^}]+\}/.test(full)) return `moved:${key}`
  return /[{}]/.test(full) ? undefined : `moved:{${full}}`
}
