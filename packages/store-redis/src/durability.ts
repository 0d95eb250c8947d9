import { StoreUnavailableError } from '@tegata/core'
import { batching } from './batching.ts'
import { primaryOf } from './primary-of.ts'
import type { Confirmation, RedisCall, RedisCommands } from './redis-commands.ts'
import { assertTimeout, within } from './within.ts'

/** What the question may take beside the waiting: a connection, the way there and back. */
const JOURNEY_MS = 1000

export interface DurabilityOptions {
  /**
   * How many replicas must have a write before it is answered. Best as many as each primary has: then whichever is promoted has it.
   */
  replicas: number
  /** Seconds to wait for them. Default 1. */
  timeout?: number
}

/** What a write has made of a key. */
export interface Outcome {
  key: string
  is: 'there' | 'ended'
  /** By which ended keys are known, where they leave something behind. */
  lead?: Uint8Array | undefined
  /** A field that a hash has where it is `there`. */
  field?: string
}

/**
 * Asks the primary whether a write is still there, since it may be another primary by now that never had it, and writes
 * something that changes nothing: since Redis 7.2 WAIT counts from the last write of its own connection.
 * ARGV: what the key shall be, the lead of marks, the field of a hash.
 */
const SETTLED = `
local key, lead = KEYS[1], ARGV[2]
local kind = redis.call('TYPE', key).ok
local is = kind == 'none' and 'ended' or 'there'
if kind == 'string' and lead ~= '' and redis.call('GETRANGE', key, 0, #lead - 1) == lead then is = 'ended' end
if ARGV[3] ~= '' and (kind ~= 'hash' or redis.call('HEXISTS', key, ARGV[3]) == 0) then is = 'ended' end
if is ~= ARGV[1] then return 0 end
if kind == 'none' then
  redis.call('SET', key, '', 'PX', 1000)
  redis.call('UNLINK', key)
else
  local left = redis.call('PTTL', key)
  redis.call('PEXPIRE', key, left < 0 and 1000 or math.max(left, 1))
  if left < 0 then redis.call('PERSIST', key) end
end
return 1
`

/**
 * Waits until replicas have what was just written; `undefined` where nobody asks for it. Writes to one primary wait together:
 * one after another, each for the whole time, they would wait for ever while a replica is away.
 */
export function replicaConfirmation(
  commands: RedisCommands,
  options: DurabilityOptions | undefined,
): ((outcomes: readonly Outcome[]) => Promise<void>) | undefined {
  if (!options) return undefined
  const { replicas, timeout = 1, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`Unknown option \`durability.${unknown}\`.`)
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new TypeError('The option `durability.replicas` must be a whole number of replicas, 1 or more.')
  }
  assertTimeout('durability.timeout', timeout)
  const { confirm } = commands
  if (!confirm) throw new TypeError('The option `durability` needs a client that can wait for replicas.')

  const milliseconds = Math.ceil(timeout * 1000)
  const queues = new Map<string | undefined, ReturnType<typeof queueFor>>()

  function queueFor(primary: string | undefined) {
    return batching(async (calls: RedisCall[]) => {
      const ask = () => confirm?.(primary, calls, replicas, milliseconds) as Promise<Confirmation>
      const { replies, ...rest } = await within(milliseconds + JOURNEY_MS, ask)
      return replies.map((reply) => ({ reply, ...rest }))
    })
  }

  function queueOf(key: string) {
    const primary = primaryOf(commands, key)
    const queue = queues.get(primary) ?? queueFor(primary)
    queues.set(primary, queue)
    return queue
  }

  async function settle({ key, is, lead = new Uint8Array(), field = '' }: Outcome): Promise<number> {
    const call: RedisCall = { key, args: ['EVAL', SETTLED, '1', key, is, lead, field] }
    let answer: { reply: unknown; replicas: number }
    try {
      answer = await queueOf(key)(call)
    } catch (cause) {
      // Applied by a primary that may be gone; the same call, made again, finds out.
      throw new StoreUnavailableError('Redis could not be asked for its replicas.', {
        cause,
        outcome: 'unknown',
      })
    }
    if (Number(answer.reply) !== 1) {
      throw new StoreUnavailableError('Another Redis has taken over, without a write for a session.', {
        outcome: 'unknown',
      })
    }
    return answer.replicas
  }

  return async (outcomes) => {
    const confirmed = Math.min(...(await Promise.all(outcomes.map(settle))))
    if (confirmed >= replicas) return
    throw new StoreUnavailableError(
      `${confirmed} of ${replicas} replicas confirmed a write for a session within ${timeout} s.`,
      { outcome: 'unconfirmed' },
    )
  }
}
