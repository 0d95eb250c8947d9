import { type Expected, type ReplaceOutcome, SessionValueError } from '@tegata/core'
import { bytes } from './reply.ts'
import type { ScriptReply } from './script-runner.ts'

/** What a key must hold, as scripts take it. */
export function expectation(expected: Expected | undefined): [form: string, bytes: string | Uint8Array] {
  if (!expected) return ['any', '']
  return 'whole' in expected ? ['whole', expected.whole] : ['stamp', expected.stamp]
}

export function replaceOutcome([outcome, value]: ScriptReply): ReplaceOutcome | SessionValueError {
  if (outcome === 'invalid') return notAString()
  if (outcome === 'conflict') return { outcome, value: bytes(value) }
  return { outcome: outcome as 'replaced' | 'gone' }
}

export const notAString = (cause?: unknown): SessionValueError =>
  new SessionValueError('Redis holds something other than a session under this key.', { cause })
