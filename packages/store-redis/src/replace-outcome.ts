import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { type Expected, type ReplaceOutcome, SessionValueError } from '@tegata/core'
import { bytes } from './reply.ts'
import type { ScriptReply } from './script-runner.ts'
import { isNative, sha1Hex } from './sha1.ts'

/** Of more bytes than that only a digest is sent, which is 56 characters long. */
const DIGEST_FROM = 1024
/** Random bytes before the value: nobody can prepare two values of the same digest without knowing them. */
const SALT_BYTES = 8

/** What a key must hold, as scripts take it. */
export function expectation(expected: Expected | undefined): [form: string, bytes: string | Uint8Array] {
  if (!expected) return ['any', '']
  if ('stamp' in expected) return ['stamp', expected.stamp]
  const { whole } = expected
  if (whole.length <= DIGEST_FROM || !isNative) return ['whole', whole]
  const salt = bytesToHex(randomBytes(SALT_BYTES))
  return ['digest', salt + sha1Hex(utf8ToBytes(salt), whole)]
}

export function replaceOutcome([outcome, value]: ScriptReply): ReplaceOutcome | SessionValueError {
  if (outcome === 'invalid') return notAString()
  if (outcome === 'conflict') return { outcome, value: bytes(value) }
  return { outcome: outcome as 'replaced' | 'gone' }
}

export const notAString = (cause?: unknown): SessionValueError =>
  new SessionValueError('Redis holds something other than a session under this key.', { cause })
