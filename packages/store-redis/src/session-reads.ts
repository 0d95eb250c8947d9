import {
  type ReadOptions,
  type SessionStore,
  type SessionValueError,
  type Slide,
  type StoredValue,
  slideOf,
} from '@tegata/core'
import { readExtending, readWithDeadline } from './read-scripts.ts'
import type { RedisCommands } from './redis-commands.ts'
import { notAString } from './replace-outcome.ts'
import { bytes } from './reply.ts'
import type { SendScript } from './script-sender.ts'
import { hasCode, storeFailure } from './store-failure.ts'

type Extension = NonNullable<ReadOptions['extend']>

/** The verb that reads: a plain GET where nothing else is asked for. */
export function sessionReads(
  commands: RedisCommands,
  send: SendScript,
  now: () => number,
): SessionStore['read'] {
  /** Formats keep one object for their fields. */
  const scripts = new WeakMap<Extension['fields'], string>()

  function scriptFor(fields: Extension['fields']): string {
    const known = scripts.get(fields)
    if (known !== undefined) return known
    const script = readExtending(fields)
    scripts.set(fields, script)
    return script
  }

  function unread(cause: unknown): SessionValueError {
    if (commands.isErrorReply(cause) && hasCode(cause, 'WRONGTYPE')) return notAString(cause)
    throw storeFailure(commands, cause, 'not-applied')
  }

  function extending(key: string, { fields, now: sentAt, touchAfter }: Extension) {
    const args = touchAfter > 0 ? [String(sentAt), String(touchAfter)] : [String(sentAt)]
    const moved = (value: Uint8Array) => {
      const { idle, until } = slideOf(value, fields) as Slide
      return { value, expiresAt: sentAt + Math.ceil(Math.min(idle, until - sentAt)) }
    }
    return send(scriptFor(fields), [key], args).then(
      (reply) => (reply instanceof Uint8Array ? moved(bytes(reply)) : timed(reply, sentAt)),
      unread,
    )
  }

  return (key, { extend, withDeadline } = {}) => {
    if (extend) return extending(key, extend)
    if (!withDeadline) return commands.send(key, ['GET', key]).then(plain, unread)
    const sentAt = now()
    return send(readWithDeadline, [key], []).then((reply) => timed(reply, sentAt), unread)
  }
}

const plain = (reply: unknown): StoredValue | null => (reply === null ? null : { value: bytes(reply) })

/** The milliseconds count from when the script was sent at the earliest. */
function timed(reply: unknown, sentAt: number): StoredValue | null {
  if (reply === null) return null
  const [value, ms] = reply as [unknown, unknown]
  const expiresAt = Number(ms) < 0 ? Number.POSITIVE_INFINITY : sentAt + Number(ms)
  return { value: bytes(value), expiresAt }
}
