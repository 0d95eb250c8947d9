import { StoreUnavailableError, type WriteOutcome } from '@tegata/core'
import { NoAnswerError } from './circuit.ts'
import type { RedisCommands } from './redis-commands.ts'

/**
 * What a client rejected with, as the contract's error. A server that answers with an error has not done what was asked; after
 * anything else (a lost connection, the client's own timer) a write may have been applied: `ifLost` says.
 */
export function storeFailure(
  commands: RedisCommands,
  cause: unknown,
  ifLost: WriteOutcome,
): StoreUnavailableError {
  if (cause instanceof NoAnswerError)
    return new StoreUnavailableError('Redis does not answer; no command is sent before it does.', { cause })
  return commands.isErrorReply(cause)
    ? new StoreUnavailableError('Redis refused a command for a session.', { cause, outcome: 'not-applied' })
    : new StoreUnavailableError('Redis could not be reached for a session.', { cause, outcome: ifLost })
}

/** Redis' error codes are the first word of its reply. */
export const hasCode = (error: Error, code: string) => error.message.startsWith(`${code} `)
