import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { type Expected, type ReplaceOutcome, SessionValueError } from '@tegata/core'
import { bytes } from './reply.ts'
import type { ScriptReply } from './script-runner.ts'
import { isNative, sha1Hex } from './sha1.ts'

/** Of more bytes than that only a digest is sent: Redis takes longer for it, so that a short value is sent sooner. */
const DIGEST_FROM = 4096
/** Comes before the value, 16 characters long: who does not know it cannot prepare two values of the same digest. */
const salt = bytesToHex(randomBytes(8))
const saltBytes = utf8ToBytes(salt)

/** What a key must hold, as scripts take it. */
export function expectation(expected: Expected | undefined): [form: string, bytes: string | Uint8Array] {
  if (!expected) return ['any', '']
  if ('stamp' in expected) return ['stamp', expected.stamp]
  const { whole } = expected
  if (whole.length <= DIGEST_FROM || !isNative) return ['whole', whole]
  return ['digest', salt + sha1Hex(saltBytes, whole)]
}

export function replaceOutcome([outcome, value]: ScriptReply): ReplaceOutcome | SessionValueError {
  if (outcome === 'invalid') return notAString()
  if (outcome === 'conflict') return { outcome, value: bytes(value) }
  return { outcome: outcome as 'replaced' | 'gone' }
}

export const notAString = (cause?: unknown): SessionValueError =>
  new SessionValueError('Redis holds something other than a session under this key.', { cause })
