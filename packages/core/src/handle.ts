import { sha256Of } from './digest.ts'

const HANDLE_LENGTH = 12

/** What may be stored, logged and compared where the id itself may not. */
export const hashId = (id: string): string => sha256Of(id)

/**
 * A public name for a session: the start of its id's hash. In the native format the Redis key begins with it
 * (after the prefix), so that an operator finds the key from a log line; nobody finds the id.
 */
export const handleOf = (id: string): string => hashId(id).slice(0, HANDLE_LENGTH)
